"""/v1/runs/{id}/events: what happened to a run, as a list or as it happens."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from service.api.deps import Limit, Parts, RunId, Server
from service.api.lists import paged
from service.api.negotiate import VARY, asked
from service.api.responses import EventList
from service.api.views import event_out
from service.domain import Event, Run
from service.runs import control
from service.store.unit import Database

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["runs"])

STREAM = "text/event-stream"
AT_ONCE = 500
RETRY_MILLISECONDS = 2000
KEEP_ALIVE = b": keep-alive\n\n"
KEY_SECONDS = 1.0
"""How often a stream looks whether its key is still valid."""
SHAPE = {
    "schema": {"type": "string"},
    "example": 'id: 1\nevent: state\ndata: {"object": "event", "id": 1, "kind": "state", …}\n\n'
    'event: end\ndata: {"reason": "run_ended", "status": "succeeded", "last_event_id": 9}\n\n',
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {STREAM: SHAPE}},
    204: {"description": "of a stream: the run has ended, and the client knows all of it"},
}
Number = Annotated[int, Query(ge=0, le=2**31, description="number of the last event that is known")]


@router.get("/events", response_model=EventList, responses=RESPONSES)
async def events(
    run_id: RunId,
    request: Request,
    response: Response,
    server: Server,
    after: Number = 0,
    limit: Limit = 100,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=2**31, description="of a stream: number of the last event that came; wins over `after`")
    ] = None,
) -> Any:
    """List what happened to a run, in order. With `Accept: text/event-stream` it comes as it happens, until the run ends."""
    if asked(request, STREAM):
        return await _stream(server, run_id, after if last_event_id is None else last_event_id)
    response.headers.update(VARY)
    found = await run_in_threadpool(control.event_page, server.database, run_id, after=after, limit=limit + 1)
    return paged(request, response, [event_out(event) for event in found], limit)


async def _stream(server: Parts, run_id: str, after: int) -> Response:
    run = await run_in_threadpool(control.get, server.database, run_id)
    if run.terminal and run.last_event <= after:
        return Response(status_code=204, headers=VARY)  # an EventSource does not come again then
    seat = server.watch.seat(server.actor.owner)
    seat.__enter__()  # before the answer begins: there is no 429 later
    return Seated(_events(server, run_id, after), seat)


class Seated(EventSourceResponse):
    """A stream that gives its seat back, however it ends."""

    def __init__(self, content: AsyncIterator[bytes], seat: AbstractContextManager[None]) -> None:
        super().__init__(content, headers={**VARY, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._seat = seat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._seat.__exit__(None, None, None)


@dataclass(frozen=True)
class _Batch:
    """A run, None if it is gone, and its next events as they are sent; `last` is the number of the last of them."""

    run: Run | None
    last: int
    sent: bytes


def _next(database: Database, run_id: str, after: int) -> _Batch:
    run, found = control.news(database, run_id, after=after, limit=AT_ONCE)
    return _Batch(run, found[-1].seq if found else after, b"".join(map(_sent, found)))


def _sent(event: Event) -> bytes:
    return format_sse_event(id=str(event.seq), event=event.kind, data_str=event_out(event).model_dump_json())


async def _events(server: Parts, run_id: str, after: int) -> AsyncIterator[bytes]:
    """Send what is in the database after a number, then what comes, until the run has ended or the server stops."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    while True:
        batch = await server.shared.read(_next, server.database, run_id, after)
        run, after = batch.run, batch.last
        if batch.sent:
            yield batch.sent
        elif run is None or run.terminal or server.watch.stopping:
            yield _end(run, after)
            return
        elif not await _changed(server, run):
            yield KEEP_ALIVE
        if not server.keyring.permits(server.actor):  # deleted or expired since
            yield _end(None, after, "key_revoked")
            return


async def _changed(server: Parts, run: Run) -> bool:
    """Return True when a run has changed, False when it is time for a sign of life, or the key is not valid any more."""
    left = server.settings.stream_keep_alive_seconds
    while left > 0:
        if await server.watch.change(run, min(left, KEY_SECONDS)):
            return True
        if server.watch.stopping or not server.keyring.permits(server.actor):
            return False
        left -= KEY_SECONDS
    return False


def _end(run: Run | None, last: int, why: str | None = None) -> bytes:
    """Say why nothing more comes; it has no number: it is not one of the run's events."""
    reason = why or ("run_deleted" if run is None else "run_ended" if run.terminal else "server_stopping")
    told = {"reason": reason, "status": run and run.status, "last_event_id": last}
    return format_sse_event(event="end", data_str=json.dumps(told))
