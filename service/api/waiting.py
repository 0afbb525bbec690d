"""Answers that wait for a run: on the event loop, so that no thread is held."""

import asyncio
import json

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from service.api import etags
from service.api.deps import Parts
from service.api.prefer import applied
from service.api.views import runs_out
from service.domain import Run, RunStatus
from service.errors import NotFound
from service.runs import control
from service.runs.watch import same
from service.store.unit import Database, Transaction


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
    return etags.response(server.shown(run)[0].model_dump_json(), 201, headers)


async def current(server: Parts, run_id: str, seconds: int, known: str | None) -> Response:
    """Return a run, or 304 if the client knows it already; with seconds to wait, not before it has changed."""
    workers = server.settings.workers
    run, content = await run_in_threadpool(_shown, server.database, workers, run_id)
    if seconds and not run.terminal and not server.watch.full and (known is None or etags.unchanged(content, known)):
        with server.watch.seat():
            seen, until = run, asyncio.get_running_loop().time() + seconds
            while same(run, seen) and await server.watch.change(run, until - asyncio.get_running_loop().time()):
                run, content = await server.shared.read(_shown, server.database, workers, run_id)
    response = etags.response(content, headers=applied(seconds))
    return etags.not_modified(response) if etags.unchanged(content, known) else response


def _shown(database: Database, workers: int, run_id: str) -> tuple[Run, str]:
    """Return a run, and the same as JSON."""

    def work(db: Transaction) -> tuple[Run, str]:
        run = control.find(db, run_id)
        return run, runs_out(db, [run], workers)[0].model_dump_json()

    return database.read(work)
