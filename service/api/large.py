"""Dependencies of routes that take much memory or long: a turn, and whether the client still waits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Request

from core.errors import Interrupted
from service.actor import Actor
from service.api.deps import Parts
from service.api.turns import Turns
from service.errors import Busy

Gone = Callable[[], bool]


@asynccontextmanager
async def turn_of(request: Request, turns: Turns) -> AsyncIterator[Gone]:
    """Have a turn for the block; yield a function that tells, from any thread, whether the client has gone."""
    flag = threading.Event()
    gone: asyncio.Future[None] = asyncio.ensure_future(_until_gone(request, flag))
    actor: Actor = request.scope["actor"]
    try:
        async with turns.turn(actor.owner, gone):
            yield flag.is_set
    except Interrupted as error:
        raise Busy("nobody waits for this any more") from error
    finally:
        gone.cancel()


async def _until_gone(request: Request, flag: threading.Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    flag.set()


async def _turn(request: Request) -> AsyncIterator[Gone]:
    parts: Parts = request.app.state.parts
    async with turn_of(request, parts.turns) as interrupted:
        yield interrupted


LARGE: Any = Depends(_turn, scope="function")
"""Of what reads or makes a whole dataset or model: a preview of 85 million numbers took 2 GB, and 40 threads would do so.

The turn ends when the answer is made: who reads it slowly has none.
"""

Turn = Annotated[Gone, Depends(_turn, scope="function")]
"""The same, and a function that says whether the work may end because nobody waits for it."""
