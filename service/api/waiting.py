"""Answers that wait for a run: on the event loop, so that no thread is held."""

import asyncio
import json

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from service.api import etags
from service.api.deps import Parts
from service.api.prefer import applied
from service.domain import Run, RunStatus
from service.errors import NotFound
from service.runs import control


async def finished(server: Parts, answer: Response, seconds: int) -> Response:
    """Return 201 with the run that was created when it has ended, or `answer` if it has not in time, or is paused."""
    run_id = json.loads(bytes(answer.body))["id"]
    if server.watch.full:
        return answer
    until = asyncio.get_running_loop().time() + seconds
    with server.watch.seat():
        while True:
            try:
                run = await run_in_threadpool(control.get, server.database, run_id)
            except NotFound:  # deleted since
                return answer
            left = until - asyncio.get_running_loop().time()
            if run.terminal or run.status is RunStatus.PAUSED or left <= 0:
                break
            if not await server.watch.change(run, left) and server.watch.stopping:
                return answer
    if not run.terminal:
        return answer
    replayed = {"Idempotency-Replayed": "true"} if "Idempotency-Replayed" in answer.headers else {}
    headers = {"Location": answer.headers["Location"], **applied(seconds), **replayed}
    return etags.tagged(server.shown(run)[0], 201, headers)


async def current(server: Parts, run_id: str, seconds: int, known: str | None) -> Response:
    """Return a run, or 304 if the client knows it already; with seconds to wait, not before it has changed."""
    run, response = await run_in_threadpool(_shown, server, run_id)
    if seconds and not run.terminal and not server.watch.full and (known is None or etags.unchanged(response, known)):
        with server.watch.seat():
            await server.watch.change(run, seconds)
        run, response = await run_in_threadpool(_shown, server, run_id)
    response.headers.update(applied(seconds))
    return etags.not_modified(response) if etags.unchanged(response, known) else response


def _shown(server: Parts, run_id: str) -> tuple[Run, Response]:
    run = control.get(server.database, run_id)
    return run, etags.tagged(server.shown(run)[0])
