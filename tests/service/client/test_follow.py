"""Following a run: over broken connections, restarts, and to a clear end."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.client import APIConnectionError, Client, InvalidRequestError, NotFoundError
from tests.faults.processes import kill_everything
from tests.live import live_server
from tests.service.client.test_retries import BUSY, Script

Connect = Callable[[Script], Any]
SHORT = {"steps": 20}
LONG = {"steps": 10_000_000}


def event(number: int) -> bytes:
    """Write an event as the server sends it."""
    return b'event: state\ndata: {"id":%d,"kind":"state"}\nid: %d\n\n' % (number, number)


def end(reason: str) -> bytes:
    """Write the end of a stream."""
    return b"event: end\ndata: " + json.dumps({"reason": reason, "status": None, "last_event_id": 0}).encode() + b"\n\n"


def stream(*parts: bytes) -> httpx.Response:
    """Answer with a stream."""
    return httpx.Response(200, content=b"".join(parts), headers={"Content-Type": "text/event-stream"})


@pytest.fixture
def connect(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Make either client on a script, without pauses."""

    async def doze(_: float) -> None:
        return None

    monkeypatch.setattr("service.client.following.time.sleep", lambda _: None)
    monkeypatch.setattr("service.client.following.asyncio.sleep", doze)
    return connect


def numbers(client: Any, **arguments: Any) -> list[int]:
    """Follow a run to its end."""
    return [event["id"] for event in client.runs.follow("run_1", **arguments)]


class TestScripted:
    """What the client does, whatever the server does."""

    def test_goes_on_where_it_was(self, connect: Connect) -> None:
        """A stream that breaks off, even within an event, is asked for again after the last whole event."""
        script = Script(
            stream(b"retry: 2000\n\n", event(1), event(2), event(3)[:20]),
            httpx.ConnectError(""),
            httpx.Response(503, json=BUSY),
            httpx.Response(429, json=BUSY),
            stream(b": keep-alive\n\n", event(3), end("server_stopping")),
            httpx.ReadError(""),
            stream(event(4), end("run_ended")),
        )
        assert numbers(connect(script)) == [1, 2, 3, 4]
        asked = [request.headers["Last-Event-ID"] for request in script.requests]
        assert asked == ["0", "2", "2", "2", "2", "3", "3"]
        assert {request.headers["Accept"] for request in script.requests} == {"text/event-stream"}

    def test_nothing_new(self, connect: Connect) -> None:
        """A run that has ended and is known to its end has no more events."""
        script = Script(httpx.Response(204))
        assert numbers(connect(script), after=7) == []
        assert script.requests[0].headers["Last-Event-ID"] == "7"

    def test_a_deleted_run(self, connect: Connect) -> None:
        """A run that is deleted has no more events either."""
        assert numbers(connect(Script(stream(event(1), end("run_deleted"))))) == [1]

    @pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (422, InvalidRequestError)])
    def test_what_will_not_get_better_is_raised(self, connect: Connect, status: int, kind: type[Exception]) -> None:
        """An answer that asking again would not change ends it."""
        with pytest.raises(kind):
            numbers(connect(Script(httpx.Response(status, json=BUSY))))

    def test_patience_ends(self, connect: Connect) -> None:
        """A server that stays away, or is none, is given up."""
        for answer in (httpx.ConnectError(""), httpx.Response(200, text="<html>")):
            with pytest.raises(APIConnectionError):
                numbers(connect(Script(*[answer] * 3)), patience=-1)


class TestLive:
    """With a server."""

    def test_to_the_end(self, client: Client) -> None:
        """Each event of the list comes once, in order, and then it ends."""
        run_id = client.runs.create(dataset="spiral", model="softmax", training=SHORT)["id"]
        followed = list(client.runs.follow(run_id))
        assert followed == list(client.runs.events(run_id))
        assert followed[-1]["data"]["status"] == "succeeded"
        assert list(client.runs.follow(run_id, after=followed[-2]["id"])) == followed[-1:]
        assert list(client.runs.follow(run_id, after=followed[-1]["id"])) == []

    def test_waiting_for_a_paused_run(self, client: Client) -> None:
        """A run that is paused meanwhile ends the wait, as what it is."""
        run_id = client.runs.create(dataset="spiral", model="softmax", training=LONG)["id"]
        timer = threading.Timer(0.3, lambda: httpx.post(f"{_url(client)}/v1/runs/{run_id}/pause"))
        timer.start()
        assert client.runs.wait(run_id, timeout=60)["status"] == "paused"
        client.runs.cancel(run_id)

    def test_update_and_queue(self, client: Client) -> None:
        """A run gets a name and loses a tag; the queue is told."""
        run_id = client.runs.create(dataset="spiral", model="softmax", training=SHORT, tags={"a": "b"}, priority=3)["id"]
        run = client.runs.update(run_id, name="named", tags={"a": None, "c": "d"})
        assert (run["name"], run["tags"], run["priority"]) == ("named", {"c": "d"}, 3)
        assert client.queue(limit=1)["object"] == "queue"
        client.runs.wait(run_id, timeout=60)


def _url(client: Any) -> str:
    """Return the address of a client of either kind."""
    inner = getattr(client, "_inner", client)
    return str(inner.base_url)


def test_over_a_restart(tmp_path: Path) -> None:
    """A server that is killed and comes back is followed on, and nothing is missed or comes twice."""
    data, env = tmp_path / "data", {"POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.05"}
    with live_server(data, **env) as (url, process), Client(url) as client:
        run_id = client.runs.create(dataset="spiral", model="softmax", training=LONG)["id"]
        stream = client.runs.follow(run_id)
        seen = [next(stream)["id"] for _ in range(10)]
        kill_everything(process)
        with live_server(data, **env) as (again, _):
            client.base_url = again  # as if it had come back on its port
            seen.extend(next(stream)["id"] for _ in range(10))
            client.runs.cancel(run_id)
            seen.extend(event["id"] for event in stream)
    assert seen == list(range(1, len(seen) + 1))
