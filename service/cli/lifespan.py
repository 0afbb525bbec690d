"""The beginning and the end of an application."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

App = Callable[..., Awaitable[None]]
Messages = asyncio.Queue[dict[str, Any]]


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[None]:
    """Let an application begin, and end after the block; raise what kept it from beginning.

    uvicorn would log a failed start with its trace and hide the reason. It goes over ASGI, and not to the application's own
    lifespan, because FastAPI sets OpenTelemetry up and flushes it there.
    """
    to_app: Messages = asyncio.Queue()
    from_app: Messages = asyncio.Queue()
    scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}

    async def live() -> None:
        await app(scope, to_app.get, from_app.put)

    async def say(what: str) -> None:
        await to_app.put({"type": f"lifespan.{what}"})
        if (await from_app.get())["type"] == f"lifespan.{what}.failed":
            await life  # raises the reason

    life = asyncio.create_task(live())
    await say("startup")
    try:
        yield
    finally:
        await say("shutdown")
        await life
