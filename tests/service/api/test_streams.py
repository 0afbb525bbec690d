"""GET /v1/runs/{id}/events as a stream."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.processes import until
from tests.service.api.conftest import Api, Json, serving

STREAM = {"Accept": "text/event-stream"}
LONG = {"steps": 10_000_000}
Sent = dict[str, Any]


@contextmanager
def streaming(api: httpx.Client, run_id: str, **headers: str) -> Iterator[httpx.Response]:
    """Open a stream with a client of its own."""
    with (
        httpx.Client(base_url=api.base_url, timeout=30) as client,
        client.stream("GET", f"/v1/runs/{run_id}/events", headers={**STREAM, **headers}) as response,
    ):
        yield response


def blocks(response: httpx.Response) -> Iterator[list[str]]:
    """Yield the lines of each block of a stream."""
    lines: list[str] = []
    for line in response.iter_lines():
        if line:
            lines.append(line)
        else:
            yield lines
            lines = []
    assert not lines, "the last block is not whole"


def parsed(block: list[str]) -> Sent:
    """Read a block as its fields."""
    fields: Sent = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
    if "data" in fields:
        fields["data"] = json.loads(fields["data"])
    return fields


def whole(api: httpx.Client, run_id: str, **headers: str) -> list[Sent]:
    """Read a stream to its end; return what has a kind."""
    with streaming(api, run_id, **headers) as response:
        assert response.status_code == 200, response.read()
        return [sent for block in blocks(response) if "event" in (sent := parsed(block))]


def listed(api: httpx.Client, run_id: str) -> Json:
    """Return the events as the list has them."""
    return api.get(f"/v1/runs/{run_id}/events", params={"limit": 1000}).json()["data"]


class TestReplay:
    """What is there already."""

    def test_is_the_list(self, api: Api) -> None:
        """A stream of an ended run sends the events of the list, the same numbers, and says why it ends."""
        run_id = api.ended(training={"steps": 50})["id"]
        *events, end = whole(api, run_id)
        assert [sent["data"] for sent in events] == listed(api, run_id)
        assert [int(sent["id"]) for sent in events] == list(range(1, len(events) + 1))
        assert [sent["event"] for sent in events] == [sent["data"]["kind"] for sent in events]
        assert end == {
            "event": "end",
            "data": {"reason": "run_ended", "status": "succeeded", "last_event_id": len(events)},
        }

    def test_headers(self, api: Api) -> None:
        """The stream is an event stream that nothing on the way keeps or collects, and tells when to come again."""
        run_id = api.ended(training={"steps": 5})["id"]
        with streaming(api, run_id) as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert response.headers["Cache-Control"] == "no-cache"
            assert response.headers["Vary"] == "Accept"
            assert response.headers["X-Request-ID"]
            assert parsed(next(blocks(response))) == {"retry": "2000"}

    @pytest.mark.parametrize(
        ("accept", "media"),
        [
            ("text/event-stream;q=0, application/json", "application/json"),
            ("text/event-streams", "application/json"),
            ("application/json", "application/json"),
            ("*/*", "application/json"),
            ("image/png", "application/json"),
            ("Text/Event-Stream", "text/event-stream"),
            ("application/json;q=0.5, text/event-stream; charset=utf-8", "text/event-stream"),
        ],
    )
    def test_only_for_those_who_ask_for_it(self, api: Api, accept: str, media: str) -> None:
        """`Accept` must name it and not refuse it; whatever comes says that it was chosen so."""
        run_id = api.ended(training={"steps": 5})["id"]
        answer = api.get(f"/v1/runs/{run_id}/events", headers={"Accept": accept})
        assert answer.headers["Content-Type"].partition(";")[0] == media
        assert answer.headers["Vary"] == "Accept"

    def test_goes_on_after_an_event(self, api: Api) -> None:
        """Last-Event-ID, or `after`, leaves out what is known; the header wins."""
        run_id = api.ended(training={"steps": 50})["id"]
        events = listed(api, run_id)
        known = len(events) - 3
        for url, headers in (
            (f"/v1/runs/{run_id}/events", {"Last-Event-ID": str(known)}),
            (f"/v1/runs/{run_id}/events?after={known}", {}),
            (f"/v1/runs/{run_id}/events?after=1", {"Last-Event-ID": str(known)}),
        ):
            text = httpx.get(f"{api.base_url}{url}", headers={**STREAM, **headers}).text
            assert [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")] == [known + 1, known + 2, known + 3]

    def test_nothing_new_of_an_ended_run(self, api: Api) -> None:
        """A client that knows all of an ended run gets 204, at which an EventSource does not come again."""
        run = api.ended(training={"steps": 5})
        last = listed(api, run["id"])[-1]["id"]
        for number in (last, last + 1000):
            answer = api.get(f"/v1/runs/{run['id']}/events", headers={**STREAM, "Last-Event-ID": str(number)})
            assert (answer.status_code, answer.content) == (204, b"")

    @pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30, ""])
    def test_impossible_numbers(self, idle: Api, number: str) -> None:
        """A Last-Event-ID that is no number of an event is 422, named."""
        answer = idle.get(f"/v1/runs/{idle.create()}/events", headers={**STREAM, "Last-Event-ID": number})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/header/last-event-id"

    def test_unknown_run(self, idle: Api) -> None:
        """A run that is not there is a problem document, not a stream."""
        assert idle.get("/v1/runs/run_0/events", headers=STREAM).status_code == 404

    def test_head(self, idle: Api) -> None:
        """HEAD comes to its end: it tells of the list."""
        answer = idle.head(f"/v1/runs/{idle.create()}/events", headers=STREAM)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")

    def test_more_than_one_read(self, idle: Api) -> None:
        """A long history comes whole."""
        run_id = idle.create()
        for _ in range(260):
            idle.post(f"/v1/runs/{run_id}/pause")
            idle.post(f"/v1/runs/{run_id}/resume")
        idle.post(f"/v1/runs/{run_id}/cancel")
        numbers = [int(sent["id"]) for sent in whole(idle, run_id) if "id" in sent]
        assert numbers == list(range(1, 523))


class TestLive:
    """What comes."""

    def test_comes_as_it_happens(self, api: Api) -> None:
        """Events come while the run is trained, without a gap, and the stream ends with the run."""
        run_id = api.create(training=LONG)
        numbers: list[int] = []
        with streaming(api, run_id) as response:
            for block in blocks(response):
                sent = parsed(block)
                if "id" in sent:
                    numbers.append(int(sent["id"]))
                    if len(numbers) == 12:
                        assert api.run(run_id)["status"] == "running"
                        api.post(f"/v1/runs/{run_id}/cancel")
                last = sent
        assert numbers == list(range(1, len(numbers) + 1))
        assert last["data"] == {"reason": "run_ended", "status": "cancelled", "last_event_id": numbers[-1]}
        assert len(listed(api, run_id)) == numbers[-1]

    def test_silence_is_kept_alive(self, tmp_path: Path) -> None:
        """A run that waits sends comments, and then its end."""
        with serving(tmp_path, workers=0, stream_keep_alive_seconds=0.05) as quiet:
            run_id = quiet.create()
            comments, last = 0, {}
            with streaming(quiet, run_id) as response:
                for block in blocks(response):
                    comments += block == [": keep-alive"]
                    if comments == 3:
                        quiet.post(f"/v1/runs/{run_id}/cancel")
                    last = parsed(block)
            assert comments >= 3
            assert last["event"] == "end"

    def test_a_paused_run_keeps_its_stream(self, idle: Api) -> None:
        """Pausing is no end: what follows comes on the same stream."""
        run_id = idle.create()
        states = []
        with streaming(idle, run_id) as response:
            for block in blocks(response):
                sent = parsed(block)
                if sent.get("event") == "state":
                    states.append(sent["data"]["data"]["status"])
                    if len(states) < 4:
                        idle.post(f"/v1/runs/{run_id}/{('pause', 'resume', 'cancel')[len(states) - 1]}")
        assert states == ["queued", "paused", "queued", "cancelled"]

    def test_deleted(self, idle: Api) -> None:
        """A stream of a run that is deleted ends, and says so."""
        run_id = idle.create()
        with streaming(idle, run_id) as response:
            for block in blocks(response):
                last = parsed(block)
                if "id" in last:  # the run as it was created
                    assert idle.delete(f"/v1/runs/{run_id}").status_code == 204
        assert last["data"] == {"reason": "run_deleted", "status": None, "last_event_id": 1}


class TestBounds:
    """How many."""

    def test_one_too_many(self, tmp_path: Path) -> None:
        """Streams are bounded in number: one more is 429 with Retry-After; one that has gone makes room."""
        with serving(tmp_path, workers=0, max_streams=2, stream_keep_alive_seconds=0.05) as api:
            run_id = api.create()
            url = f"/v1/runs/{run_id}/events"
            for _ in range(3):  # seats are given back each time
                with streaming(api, run_id) as first, streaming(api, run_id) as second:
                    open_ones = [blocks(first), blocks(second)]  # kept: a generator that is dropped closes its connection
                    assert [parsed(next(stream)) for stream in open_ones] == [{"retry": "2000"}] * 2
                    answer = api.get(url, headers=STREAM)
                    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
                    assert api.get(url).status_code == 200  # the list is no stream
                _until_free(api, 2)

    def test_seats_are_given_back(self, tmp_path: Path) -> None:
        """Whatever way a stream ends, its seat is free again."""
        with serving(tmp_path, workers=0, max_streams=5, stream_keep_alive_seconds=0.05) as api:
            run_id = api.create()
            for _ in range(20):
                with streaming(api, run_id):
                    pass  # gone before the first event was read
            assert api.get("/v1/runs/run_0/events", headers=STREAM).status_code == 404
            api.post(f"/v1/runs/{run_id}/cancel")
            _until_free(api, 5)
            whole(api, run_id)
            _until_free(api, 5)


def _until_free(api: Api, seats: int) -> None:
    until(lambda: api.app.state.parts.watch._seats == seats)
