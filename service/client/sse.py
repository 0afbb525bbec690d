"""Server-sent events: of a text while it is written, of a run while it is trained. Nothing here opens a socket."""

import json
import random
import time
from typing import Any, cast

from service.client.calls import Call, on_run
from service.client.errors import APIConnectionError
from service.client.flows import Outcome, Reply, good
from service.client.objects import Event

STREAM = "text/event-stream"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0


class Events:
    """A stream of events, which comes in pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, chunk: bytes) -> list[tuple[bytes | None, Any]]:
        """Take the next piece; return kind and data of the events that have come whole."""
        *blocks, self._rest = (self._rest + chunk).split(b"\n\n")
        events = []
        for block in blocks:
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if line and not line.startswith(b":"))
            if b"data" in fields:
                events.append((fields.get(b"event"), json.loads(fields[b"data"])))
        return events


class Text:
    """The characters of a text: `event: character`, …, at the end `event: done`."""

    def __init__(self) -> None:
        self._events, self._done = Events(), False

    def take(self, chunk: bytes) -> list[str]:
        """Take the next piece of the stream; return the characters that have come whole."""
        events = self._events.take(chunk)
        self._done = self._done or any(kind == b"done" for kind, _ in events)
        return [str(data["text"]) for kind, data in events if kind == b"character"]

    def end(self) -> None:
        """Raise APIConnectionError unless the stream came to its end."""
        if not self._done:
            raise APIConnectionError("the server broke off before the text was whole", sent=True)


class Following:
    """The events of a run, over as many connections as it takes: each goes on after the last event that came."""

    def __init__(self, run_id: str, after: int, patience_seconds: float) -> None:
        self._run_id, self._last, self._patience = run_id, after, patience_seconds
        self._events, self.done = Events(), False
        self._alone_since, self._pause = time.monotonic(), FIRST_PAUSE_SECONDS

    @property
    def call(self) -> Call[Any]:
        """The request for what follows."""
        return on_run("GET", self._run_id, "events", headers={"Last-Event-ID": str(self._last)}, accept=STREAM)

    def take(self, chunk: bytes) -> list[Event]:
        """Take the next piece of the stream; return the events that have come whole."""
        self._alone_since, self._pause = time.monotonic(), FIRST_PAUSE_SECONDS
        events = []
        for kind, data in self._events.take(chunk):
            if kind == b"end":
                self.done = data["reason"] not in ("server_stopping", "key_revoked")  # asked again, the latter is 401
            else:
                events.append(cast("Event", data))
                self._last = int(data["id"])
        return events

    def broke(self, outcome: Outcome) -> float:
        """Return the seconds to wait before the next connection; raise what happened if it has lasted for too long."""
        known_wrong = isinstance(outcome, Reply) and outcome.status not in (200, 429, 502, 503, 504)
        if known_wrong or time.monotonic() - self._alone_since > self._patience:
            good(outcome)
            raise APIConnectionError("the server breaks off again and again", sent=True)
        self._events = Events()  # half an event is sent again as a whole
        pause = self._pause * random.uniform(0.5, 1)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        return pause
