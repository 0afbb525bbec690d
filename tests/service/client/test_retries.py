"""What is sent again, when, and what never is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from service.client import (
    APIConnectionError,
    APIError,
    ConflictError,
    RateLimitError,
    ServerError,
    TooLargeError,
)

Answer = httpx.Response | Exception
RUN = {"id": "run_1", "status": "succeeded", "updated_at": "now"}
BUSY = {"detail": "the database is busy", "code": "busy", "request_id": "req_1"}


class Script:
    """Answers requests one after the other, as written."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Do not sleep; remember for how long."""
    slept: list[float] = []

    async def doze(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("service.client.sync.time.sleep", slept.append)
    monkeypatch.setattr("service.client.asynchronous.asyncio.sleep", doze)
    return slept


def test_retry_after_is_honoured(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """A busy server is asked again, not before it has said."""
    script = Script(httpx.Response(503, json=BUSY, headers={"Retry-After": "7"}), httpx.Response(200, json=RUN))
    assert connect(script).runs.get("run_1") == RUN
    assert pauses == [7.0]


def test_retry_after_can_be_a_date(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """The other form of the header is understood; a broken one counts as none."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    script = Script(
        httpx.Response(429, json=BUSY, headers={"Retry-After": soon}),
        httpx.Response(429, json=BUSY, headers={"Retry-After": "later"}),
        httpx.Response(200, json=RUN),
    )
    assert connect(script).runs.get("run_1") == RUN
    assert 15 < pauses[0] <= 20
    assert pauses[1] < 1


def test_a_long_wait_is_not_waited(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """A server that asks for an hour gets no second request; the caller decides."""
    script = Script(httpx.Response(429, json=BUSY, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitError, match="the database is busy"):
        connect(script).runs.get("run_1")
    assert pauses == []


def test_pauses_grow_and_end(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """Two retries with growing pauses, then the error."""
    script = Script(*[httpx.Response(503, json=BUSY)] * 3)
    with pytest.raises(ServerError) as error:
        connect(script).runs.get("run_1")
    assert (error.value.code, error.value.request_id) == ("busy", "req_1")
    assert len(script.requests) == 3
    assert 0.125 <= pauses[0] <= 0.25 <= pauses[1] <= 0.5


MAKING: dict[str, Callable[[Any], Any]] = {
    "create": lambda client: client.runs.create(dataset="spiral", model="softmax"),
    "extend": lambda client: client.runs.extend("run_1", 10),
    "fork": lambda client: client.runs.fork("run_1"),
    "verify": lambda client: client.runs.verify("run_1"),
    "dataset": lambda client: client.datasets.create("spiral"),
}


@pytest.mark.parametrize("make", MAKING.values(), ids=MAKING)
@pytest.mark.parametrize(
    "trouble",
    [
        lambda: httpx.ReadError(""),
        lambda: httpx.ReadTimeout(""),
        lambda: httpx.RemoteProtocolError(""),
        lambda: httpx.Response(503, json=BUSY),
        lambda: httpx.Response(409, json={**BUSY, "code": "in_flight"}, headers={"Retry-After": "1"}),
    ],
    ids=["read", "timeout", "protocol", "busy", "in flight"],
)
@pytest.mark.usefixtures("pauses")
def test_what_makes_something_is_repeated_with_one_key(
    connect: Callable[[Script], Any], trouble: Callable[[], Answer], make: Callable[[Any], Any]
) -> None:
    """A POST that makes something has a key of its own for each call, the same in every try: it cannot be made twice."""
    script = Script(trouble(), *[httpx.Response(202, json=RUN)] * 2)
    client = connect(script)
    assert make(client) == make(client) == RUN
    first, again, other = [request.headers["Idempotency-Key"] for request in script.requests]
    assert first == again != other
    assert script.requests[0].content == script.requests[1].content


@pytest.mark.parametrize("trouble", [lambda: httpx.ReadError(""), lambda: httpx.Response(503, json=BUSY)], ids=["read", "busy"])
@pytest.mark.usefixtures("pauses")
def test_a_post_without_a_key_is_not_repeated(connect: Callable[[Script], Any], trouble: Callable[[], Answer]) -> None:
    """Any other POST that may have arrived is the caller's to repeat."""
    script = Script(trouble(), httpx.Response(200, json=RUN))
    with pytest.raises((APIConnectionError, ServerError)):
        connect(script).runs.cancel("run_1")
    assert len(script.requests) == 1


ASKING: dict[str, Callable[[Any], Any]] = {
    "predict": lambda client: client.runs.predict("run_1", [[1.0]]),
    "evaluate": lambda client: client.runs.evaluate("run_1"),
    "generate": lambda client: client.runs.generate("run_1"),
    "validate": lambda client: client.runs.validate(dataset="spiral", model="svm"),
    "by name": lambda client: client.models.predict("m", [[1.0]]),
    "upload": lambda client: client.datasets.upload(__file__),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
@pytest.mark.parametrize("trouble", [lambda: httpx.ReadError(""), lambda: httpx.Response(503, json=BUSY)], ids=["read", "busy"])
@pytest.mark.usefixtures("pauses")
def test_what_only_asks_is_repeated(
    connect: Callable[[Script], Any], trouble: Callable[[], Answer], ask: Callable[[Any], Any]
) -> None:
    """A POST that changes nothing, or whose file is kept once, is sent again as a GET is."""
    script = Script(trouble(), httpx.Response(200, json=RUN))
    assert ask(connect(script)) == RUN
    assert len(script.requests) == 2


@pytest.mark.usefixtures("pauses")
def test_a_conflict_is_not_repeated(connect: Callable[[Script], Any]) -> None:
    """A 409 that will not go away is told at once."""
    script = Script(httpx.Response(409, json={**BUSY, "code": "illegal_transition"}))
    with pytest.raises(ConflictError):
        connect(script).runs.verify("run_1")


@pytest.mark.parametrize("broken", [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.PoolTimeout("")])
@pytest.mark.usefixtures("pauses")
def test_a_post_that_never_left_is_repeated(connect: Callable[[Script], Any], broken: Exception) -> None:
    """Without a connection nothing has happened yet."""
    script = Script(broken, httpx.Response(202, json=RUN))
    assert connect(script).runs.create(dataset="spiral", model="softmax") == RUN
    assert script.requests[0].content == script.requests[1].content


@pytest.mark.parametrize("verb", ["get", "delete"])
@pytest.mark.usefixtures("pauses")
def test_what_is_idempotent_is_repeated(connect: Callable[[Script], Any], verb: str) -> None:
    """GET and DELETE are sent again after a broken connection."""
    script = Script(httpx.ReadError(""), httpx.Response(200, json=RUN))
    getattr(connect(script).runs, verb)("run_1")
    assert len(script.requests) == 2


def test_waiting_survives_a_restart(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """A server that is away for a moment does not end the wait, and looks at the run become rarer."""
    running = {**RUN, "status": "running"}
    looks = [httpx.Response(200, json=running) for _ in range(20)]
    script = Script(httpx.ConnectError(""), *looks, httpx.Response(200, json=RUN))
    seen: list[str] = []
    assert connect(script).runs.wait("run_1", on_progress=lambda run: seen.append(run["status"])) == RUN
    assert seen == ["running"]  # the script's runs do not change
    assert pauses[-1] == 0.5


@pytest.mark.parametrize("away", [lambda: httpx.ConnectError(""), lambda: httpx.Response(503, json=BUSY)], ids=["gone", "busy"])
def test_a_server_that_has_answered_may_be_away(
    connect: Callable[[Script], Any], pauses: list[float], away: Callable[[], Answer]
) -> None:
    """A run that is known is waited for over more failures than a request has, with pauses of up to two seconds."""
    running = httpx.Response(200, json={**RUN, "status": "running"})
    script = Script(running, *[away() for _ in range(12)], httpx.Response(200, json=RUN))
    assert connect(script).runs.wait("run_1") == RUN
    assert max(pauses) == 2.0
    with pytest.raises((APIConnectionError, ServerError)):
        connect(Script(running, *[away() for _ in range(3)])).runs.wait("run_1", patience=0)
    with pytest.raises((APIConnectionError, ServerError)):
        connect(Script(*[away() for _ in range(3)])).runs.wait("run_1")


def test_waiting_lets_the_server_wait(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """A server that holds its answer back until the run has changed is asked without pauses, and told what is known."""
    running = {**RUN, "status": "running"}
    held = {"Preference-Applied": "wait=2"}
    script = Script(
        httpx.Response(200, json=running, headers={"ETag": '"1"'}),
        httpx.Response(304, headers={"ETag": '"1"', **held}),
        httpx.Response(200, json={**running, "updated_at": "later"}, headers={"ETag": '"2"', **held}),
        httpx.Response(200, json=RUN, headers={"ETag": '"3"', **held}),
    )
    seen: list[str] = []
    assert connect(script).runs.wait("run_1", on_progress=lambda run: seen.append(run["updated_at"])) == RUN
    assert pauses == []
    assert seen == ["now", "later", "now"]
    assert [request.headers.get("If-None-Match") for request in script.requests] == [None, '"1"', '"1"', '"2"']
    assert {request.headers.get("Prefer") for request in script.requests[1:]} == {"wait=2"}


def test_a_server_that_does_not_hold_back_is_not_stormed(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """Where the wish is not fulfilled, there are pauses."""
    running = httpx.Response(200, json={**RUN, "status": "running"}, headers={"ETag": '"1"'})
    script = Script(running, *[httpx.Response(304, headers={"ETag": '"1"'})] * 4, httpx.Response(200, json=RUN))
    assert connect(script).runs.wait("run_1") == RUN
    assert len(pauses) == 2


@pytest.mark.usefixtures("pauses")
def test_answers_of_others_are_told_apart(connect: Callable[[Script], Any]) -> None:
    """A proxy's page is an error with its status, or is not an answer of this API at all."""
    page = {"content": b"<h1>hello</h1>", "headers": {"Content-Type": "text/html"}}
    script = Script(httpx.Response(502, **page), httpx.Response(200, **page), httpx.Response(413, json=[1]))  # type: ignore[arg-type]
    client = connect(script)
    with pytest.raises(ServerError, match="the server answered with status 502") as error:
        client.runs.get("run_1")
    assert error.value.problem == {}
    with pytest.raises(APIError, match="is this the address of a postgrad server"):
        client.runs.get("run_1")
    with pytest.raises(TooLargeError):
        client.runs.get("run_1")


def test_a_server_that_is_not_ready_says_so(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """Readiness is asked once, not waited for."""
    assert connect(Script(httpx.Response(503, json=BUSY))).ready() is False
    assert pauses == []


def test_ids_cannot_leave_their_path(connect: Callable[[Script], Any]) -> None:
    """A slash or a question mark in an id is part of the id."""
    script = Script(httpx.Response(200, json=RUN))
    connect(script).runs.get("../datasets?x=1")
    assert script.requests[0].url.raw_path == b"/v1/runs/..%2Fdatasets%3Fx%3D1"


def test_a_file_is_asked_for_again(connect: Callable[[Script], Any], pauses: list[float]) -> None:
    """An export is a GET, and retried as such; what comes in the end is the file."""
    file = httpx.Response(200, content=b"PK", headers={"Content-Disposition": 'attachment; filename="run_1.npz"'})
    script = Script(httpx.Response(503, json=BUSY), file)
    assert connect(script).runs.export("run_1", "npz") == b"PK"
    assert [str(request.url) for request in script.requests] == [
        "http://server/v1/runs/run_1/export?format=npz&checkpoint=latest"
    ] * 2
    assert len(pauses) == 1


def test_a_page_is_no_file(connect: Callable[[Script], Any]) -> None:
    """What something else than a postgrad server answers is not taken for a model."""
    with pytest.raises(APIError, match="the answer is not a file: is this the address of a postgrad server"):
        connect(Script(httpx.Response(200, text="<html>"))).runs.export("run_1")
