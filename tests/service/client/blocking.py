"""The asynchronous client, called as if it were synchronous, so that each test runs over both."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

from service.client import AsyncClient


class Blocking:
    """An AsyncClient, or a namespace of one: every call is carried out at once, every list read to its end."""

    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._inner = inner
        self._loop = loop or asyncio.new_event_loop()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return Blocking(found, self._loop)

        def call(*args: Any, **kwargs: Any) -> Any:
            result = found(*args, **kwargs)
            if isinstance(result, AsyncIterator):
                return iter(self._loop.run_until_complete(_all(result)))
            return self._loop.run_until_complete(result) if inspect.isawaitable(result) else result

        return call

    def close(self) -> None:
        """Close the client and the loop."""
        assert isinstance(self._inner, AsyncClient)
        self._loop.run_until_complete(self._inner.aclose())
        self._loop.close()


async def _all(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]
