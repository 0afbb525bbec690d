"""Turns of requests that take much memory or long, and whether the client still waits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from core.errors import Interrupted
from core.types import never
from service.actor import Actor
from service.api.deps import Parts
from service.api.turns import Turns
from service.errors import Busy
from service.memory import return_freed
from service.runs.patience import Patience
from service.settings import Settings

T = TypeVar("T")

TURN = "patience"
"""Where a request's scope says that it has its turn."""
MANY_POINTS = 50_000
"""Points of a run from which on its curves are read in turns: the first time 0.05 s, of a million points 1 s."""


class Client:
    """A client that waits for its answer."""

    def __init__(self, request: Request) -> None:
        settings: Settings = request.app.state.parts.settings
        self._request, self._flag = request, threading.Event()
        self.patience = Patience(settings.max_request_seconds, self._flag.is_set)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[asyncio.Future[None]]:
        """Watch for the block whether the client goes; then what is yielded is done, and its patience is over."""
        gone: asyncio.Future[None] = asyncio.ensure_future(self._until_gone())
        try:
            yield gone
        finally:
            gone.cancel()

    async def _until_gone(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._flag.set()


@asynccontextmanager
async def turn_of(request: Request, turns: Turns) -> AsyncIterator[Patience]:
    """Have a turn for the block, unless the request has one; yield how long it may compute."""
    if TURN in request.scope:
        yield request.scope[TURN]
        return
    actor: Actor = request.scope["actor"]
    client = Client(request)
    try:
        async with client.watched() as gone, turns.turn(actor.owner, gone):
            await run_in_threadpool(return_freed)  # of the turn before
            request.scope[TURN] = client.patience
            yield client.patience
    except Interrupted as error:
        raise Busy("nobody waits for this any more") from error
    finally:
        request.scope.pop(TURN, None)


async def _turn(request: Request) -> AsyncIterator[Patience]:
    parts: Parts = request.app.state.parts
    async with turn_of(request, parts.turns) as patience:
        yield patience


LARGE: Any = Depends(_turn, scope="function")
"""Of what reads or makes a whole dataset or model: a preview of 85 million numbers took 2 GB, and 40 threads would do so.

The turn ends when the answer is made: who reads it slowly has none.
"""

Turn = Annotated[Patience, Depends(_turn, scope="function")]
"""The same, with the patience of the request: how long it may compute, and whether anybody waits for it."""


async def by_points(request: Request, points: int, work: Callable[[Callable[[], bool]], T]) -> T:
    """Do what reads the curves of a run with so many points, in turn if they are many; `work` is told whether it is over."""
    if points <= MANY_POINTS:
        return await run_in_threadpool(work, never)
    parts: Parts = request.app.state.parts
    async with turn_of(request, parts.turns) as patience:
        return await run_in_threadpool(work, patience.over)
