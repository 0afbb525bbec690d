"""A few threads for one purpose, beside the pool that all other requests share."""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")


class Threads:
    """At most so many threads of each event loop; who comes when all are taken waits for the next."""

    def __init__(self, name: str, at_once: int) -> None:
        self._at_once = at_once
        self._limiter: RunVar[CapacityLimiter] = RunVar(name)  # one for each event loop

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Call `work` in one of them."""
        try:
            limiter = self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(self._at_once)
            self._limiter.set(limiter)
        return await to_thread.run_sync(work, *args, limiter=limiter)
