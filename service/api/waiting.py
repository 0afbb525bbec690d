"""Answers that wait for a run: on the event loop, so that no thread is held."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api import etags
from service.api.authentication import CHALLENGE
from service.api.deps import Parts, Server
from service.api.errors import problem
from service.api.once import Once, OnceOnly
from service.api.prefer import Wait, applied
from service.api.responses import RunOut
from service.api.views import runs_out
from service.domain import Run, RunStatus
from service.errors import Busy, NotFound, Unauthenticated
from service.runs import control
from service.runs.watch import same
from service.store.unit import Also, Database, Transaction

LOOK_SECONDS = 1.0
"""How often to look whether the client is still there, and its key valid."""
GONE = "was deleted or has expired while the request waited"
FINISHED: dict[int | str, dict[str, Any]] = {201: {"model": RunOut, "description": "the run has ended within `Prefer: wait=N`"}}


@dataclass(frozen=True)
class _Making:
    """A request that makes a run."""

    request: Request
    server: Parts
    once: OnceOnly
    seconds: int

    async def answer(self, make: Callable[[Also[Run]], Run]) -> Response:
        """Make the run and answer: 202, or if the client waits for it and it has ended in time, 201."""
        answer = await run_in_threadpool(self.once.answer, make, self.server.created)
        self.server.dispatcher.wake()
        return await _finished(self.server, self.request, answer, self.seconds) if self.seconds else answer


async def _making(request: Request, server: Server, once: Once, wait: Wait) -> _Making:
    return _Making(request, server, once, wait)


Making = Annotated[_Making, Depends(_making)]


async def _finished(server: Parts, request: Request, answer: Response, seconds: int) -> Response:
    """Return 201 with the run that was created when it has ended, or `answer` if it has not in time, or is paused."""
    run_id, workers = json.loads(bytes(answer.body))["id"], server.settings.workers
    if server.watch.full(server.actor.owner):
        return answer
    until = asyncio.get_running_loop().time() + seconds
    with server.watch.seat(server.actor.owner):
        while True:
            try:
                run, content = await run_in_threadpool(_shown, server.database, workers, run_id)
            except (NotFound, Busy):  # deleted since; or it cannot be seen now, and that it was made is not to be lost
                return answer
            if run.terminal:
                break
            if run.status is RunStatus.PAUSED or not await _changed(server, request, run, until):
                return answer
    replayed = {"Idempotency-Replayed": "true"} if "Idempotency-Replayed" in answer.headers else {}
    headers = {"Location": answer.headers["Location"], **applied(seconds), **replayed}
    return etags.response(content, 201, headers)


async def current(server: Parts, request: Request, run_id: str, seconds: int, known: str | None) -> Response:
    """Return a run, or 304 if the client knows it already; with seconds to wait, not before it has changed."""
    workers = server.settings.workers
    run, content = await run_in_threadpool(_shown, server.database, workers, run_id)
    seconds = 0 if server.watch.full(server.actor.owner) else seconds
    if seconds and not run.terminal and (known is None or etags.known(etags.tag_of(content), known)):
        with server.watch.seat(server.actor.owner):
            seen, until = run, asyncio.get_running_loop().time() + seconds
            while same(run, seen) and await _changed(server, request, run, until):
                run, content = await server.shared.read(_shown, server.database, workers, run_id)
        if not server.keyring.permits(server.actor):
            return problem(request, 401, f"the API key {server.actor.key_id} {GONE}", Unauthenticated.code, CHALLENGE)
    tag = etags.tag_of(content)
    if etags.known(tag, known):
        return etags.not_modified(applied(seconds), tag)
    return etags.response(content, headers=applied(seconds), tag=tag)


async def _changed(server: Parts, request: Request, run: Run, until: float) -> bool:
    """Return True when a run has changed, False when it is time, the server stops, the client or its key has gone."""
    while (left := until - asyncio.get_running_loop().time()) > 0:
        if await server.watch.change(run, min(left, LOOK_SECONDS)):
            return True
        if server.watch.stopping or not server.keyring.permits(server.actor) or await request.is_disconnected():
            return False
    return False


def _shown(database: Database, workers: int, run_id: str) -> tuple[Run, str]:
    """Return a run, and the same as JSON."""

    def work(db: Transaction) -> tuple[Run, str]:
        run = control.find(db, run_id)
        return run, runs_out(db, [run], workers)[0].model_dump_json()

    return database.read(work)
