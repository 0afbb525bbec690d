"""What the client does around a request: retry, page, wait. Written once, as generators that open no socket.

A flow yields a `Call` and gets its outcome, or yields a `Pause` and gets None. Two shells drive flows: `sync.py` and
`asynchronous.py`.
"""

import json
import math
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast

from service.client.calls import Call, Object, on_run
from service.client.errors import APIConnectionError, APIError, status_error
from service.client.objects import Run

T = TypeVar("T")
STOPPED = frozenset({"succeeded", "failed", "cancelled", "paused"})
LONGEST_RETRY_AFTER_SECONDS = 60.0
LONGEST_BACKOFF_SECONDS = 2.0
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
Flow = Generator[Call[Any] | Pause, Outcome | None, T]


def exchange(call: Call[T], max_retries: int) -> Flow[T]:
    """Make a request and return the JSON object of the answer, {} for an empty one."""
    return cast("T", parse((yield from _outcome(call, max_retries))))


def download(call: Call[bytes], max_retries: int) -> Flow[bytes]:
    """Make a request and return the file that is the answer."""
    reply = good((yield from _outcome(call, max_retries)))
    if not reply.headers.get("content-disposition", "").startswith("attachment"):
        raise APIError("the answer is not a file: is this the address of a postgrad server?")
    return reply.content


def document(call: Call[str], max_retries: int) -> Flow[str]:
    """Make a request and return the text of the answer, of the kind that was asked for: CSV, a picture, …."""
    reply = good((yield from _outcome(call, max_retries)))
    if not reply.headers.get("content-type", "").startswith(call.accept):
        raise APIError(f"the answer is not {call.accept}: is this the address of a postgrad server?")
    return reply.content.decode()


def _outcome(call: Call[Any], max_retries: int, patience: float = 0.0) -> Flow[Outcome]:
    """Make a request, again if that is safe and may help: so many times, and for so many seconds from the first failure."""
    attempt, until = 0, math.inf
    while True:
        outcome = yield call
        if outcome is None:
            raise TypeError("the shell answered a call with nothing")
        delay = retry_delay(call, outcome, attempt)
        until = min(until, time.monotonic() + patience)
        if delay is None or (attempt >= max_retries and time.monotonic() + delay > until):
            return outcome
        yield Pause(delay)
        attempt += 1


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


def retry_delay(call: Call[Any], outcome: Outcome, attempt: int) -> float | None:
    """Return the seconds after which to try again, or None.

    A request that never left is sent again, whatever it is. One that may have arrived is sent again only if doing it twice
    is doing it once: all but a POST without a key, after a broken connection, after 429 and 503, and while the first with
    its key is still being done.
    """
    backoff = min(random.uniform(0.125, 0.25) * (1 << min(attempt, 10)), LONGEST_BACKOFF_SECONDS)
    if isinstance(outcome, APIConnectionError):
        return backoff if call.idempotent or not outcome.sent else None
    if not call.idempotent or not (outcome.status in (429, 503) or _in_flight(outcome)):
        return None
    asked = _retry_after(outcome.headers.get("retry-after"))
    if asked > LONGEST_RETRY_AFTER_SECONDS:
        return None
    return max(asked, backoff)


def _in_flight(reply: Reply) -> bool:
    return reply.status == 409 and status_error(reply.status, reply.headers, reply.content).code == "in_flight"


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


def wait(
    run_id: str,
    timeout: float | None,
    on_progress: Callable[[Run], object] | None,
    max_retries: int,
    hold: int,
    patience: float,
) -> Flow[Run]:
    """Look at a run until it has ended or is paused; raise TimeoutError if it has not in time.

    The server holds each answer back until the run has changed, for up to `hold` seconds; if it does not, pauses grow. Once it
    has answered, it may be away for `patience` seconds at a time.
    """
    until = math.inf if timeout is None else time.monotonic() + timeout
    pause, etag = SHORTEST_POLL_SECONDS, ""
    run: Run | None = None
    seen: str | None = None
    wish: dict[str, str] = {}
    while True:
        look: Call[Run] = on_run("GET", run_id, headers=wish)
        away = 0.0 if run is None else max(0.0, min(patience, until - time.monotonic()))
        reply = _known_or_good((yield from _outcome(look, max_retries, away)))
        if run is None or reply.status != 304:
            run, etag = cast("Run", parse(reply)), reply.headers.get("etag", "")
        if on_progress and run["updated_at"] != seen:
            on_progress(run)
        seen = run["updated_at"]
        if run["status"] in STOPPED:
            return run
        refused = wish and "preference-applied" not in reply.headers
        seconds = int(min(hold, until - time.monotonic())) if etag and not refused else 0
        wish = {"If-None-Match": etag, "Prefer": f"wait={seconds}"} if seconds > 0 else {}
        if wish:
            continue
        if time.monotonic() + pause > until:
            at = f"{run['status']} at step {run['progress']['step']} of {run['progress']['steps']}"
            raise TimeoutError(f"run {run_id} is {at} after {timeout:g} s")
        yield Pause(pause)
        pause = min(pause * 1.3, LONGEST_POLL_SECONDS)


def _known_or_good(outcome: Outcome) -> Reply:
    return outcome if isinstance(outcome, Reply) and outcome.status == 304 else good(outcome)


def next_page(call: Call[T], page: Mapping[str, Any]) -> Call[T] | None:
    """Return the request for the page after this one, or None if this is the last."""
    if not page["has_more"]:
        return None
    following = page.get("next_after")
    return replace(call, params={**call.params, "after": page["last_id"] if following is None else following})
