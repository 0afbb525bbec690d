"""What the client does around a request: retry, page, wait. Written once, as generators that open no socket.

A flow yields a `Call` and gets its outcome, or yields a `Pause` and gets None. Two shells drive flows: `sync.py` and
`asynchronous.py`.
"""

import json
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from service.client.calls import Call, Object, on_run
from service.client.errors import APIConnectionError, APIError, status_error

T = TypeVar("T")
ENDED = frozenset({"succeeded", "failed", "cancelled"})
LONGEST_RETRY_AFTER_SECONDS = 60.0
SHORTEST_POLL_SECONDS, LONGEST_POLL_SECONDS = 0.05, 0.5


@dataclass(frozen=True)
class Reply:
    """A response; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class Pause:
    """A time to wait before the flow goes on."""

    seconds: float


Outcome = Reply | APIConnectionError
Flow = Generator[Call | Pause, Outcome | None, T]


def exchange(call: Call, max_retries: int) -> Flow[Object]:
    """Make a request and return the JSON object of the answer, {} for an empty one."""
    return parse((yield from _outcome(call, max_retries)))


def download(call: Call, max_retries: int) -> Flow[bytes]:
    """Make a request and return the file that is the answer."""
    reply = good((yield from _outcome(call, max_retries)))
    if not reply.headers.get("content-disposition", "").startswith("attachment"):
        raise APIError("the answer is not a file: is this the address of a postgrad server?")
    return reply.content


def _outcome(call: Call, max_retries: int) -> Flow[Outcome]:
    """Make a request, again if that is safe and may help."""
    for attempt in range(max_retries + 1):
        outcome = yield call
        if outcome is None:
            raise TypeError("the shell answered a call with nothing")
        delay = retry_delay(call, outcome, attempt) if attempt < max_retries else None
        if delay is None:
            return outcome
        yield Pause(delay)
    raise AssertionError("unreachable")


def good(outcome: Outcome) -> Reply:
    """Return a good answer; raise what a bad one stands for."""
    if isinstance(outcome, APIConnectionError):
        raise outcome
    if not 200 <= outcome.status < 300:
        raise status_error(outcome.status, outcome.headers, outcome.content)
    return outcome


def parse(outcome: Outcome) -> Object:
    """Return the JSON object of a good answer; raise what a bad one stands for."""
    reply = good(outcome)
    try:
        value = json.loads(reply.content or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise APIError("the answer is not a JSON object: is this the address of a postgrad server?")
    return value


def retry_delay(call: Call, outcome: Outcome, attempt: int) -> float | None:
    """Return the seconds after which to try again, or None.

    A request that never left is sent again, whatever it is. One that may have arrived is sent again only if doing it twice
    is doing it once: GET, PUT and DELETE, after a broken connection and after 429 and 503.
    """
    backoff = random.uniform(0.125, 0.25) * (1 << attempt)
    if isinstance(outcome, APIConnectionError):
        return backoff if call.idempotent or not outcome.sent else None
    if not call.idempotent or outcome.status not in (429, 503):
        return None
    asked = _retry_after(outcome.headers.get("retry-after"))
    if asked > LONGEST_RETRY_AFTER_SECONDS:
        return None
    return max(asked, backoff)


def _retry_after(value: str | None) -> float:
    """Read a Retry-After header: seconds, or a date."""
    if not value:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def wait(run_id: str, timeout: float | None, on_progress: Callable[[Object], object] | None, max_retries: int) -> Flow[Object]:
    """Look at a run until it has ended; raise TimeoutError if it has not in time."""
    until = None if timeout is None else time.monotonic() + timeout
    pause, seen = SHORTEST_POLL_SECONDS, None
    while True:
        run: Object = yield from exchange(on_run("GET", run_id), max_retries)
        if on_progress and run["updated_at"] != seen:
            on_progress(run)
        seen = run["updated_at"]
        if run["status"] in ENDED:
            return run
        if until is not None and time.monotonic() + pause > until:
            at = f"{run['status']} at step {run['progress']['step']} of {run['progress']['steps']}"
            raise TimeoutError(f"run {run_id} is {at} after {timeout:g} s")
        yield Pause(pause)
        pause = min(pause * 1.3, LONGEST_POLL_SECONDS)


class Text:
    """The characters in a stream of events, which comes in pieces: `event: character`, …, at the end `event: done`."""

    def __init__(self) -> None:
        self._rest, self._done = b"", False

    def take(self, chunk: bytes) -> list[str]:
        """Take the next piece of the stream; return the characters that have come whole."""
        *events, self._rest = (self._rest + chunk).split(b"\n\n")
        characters = []
        for event in events:
            fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if not line.startswith(b":"))
            self._done = self._done or fields.get(b"event") == b"done"
            if fields.get(b"event") == b"character":
                characters.append(str(json.loads(fields[b"data"])["text"]))
        return characters

    def end(self) -> None:
        """Raise APIConnectionError unless the stream came to its end."""
        if not self._done:
            raise APIConnectionError("the server broke off before the text was whole", sent=True)


def next_page(call: Call, page: Object) -> Call | None:
    """Return the request for the page after this one, or None if this is the last."""
    if not page["has_more"]:
        return None
    return replace(call, params={**call.params, "after": page["last_id"]})
