"""Threads kept for probes."""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")

AT_ONCE = 2
_threads: RunVar[CapacityLimiter] = RunVar("_threads")  # one for each event loop


async def probe(work: Callable[..., T], *args: Any) -> T:
    """Call `work` in a thread that no other request takes: a probe does not wait behind those that hold the whole pool."""
    try:
        threads = _threads.get()
    except LookupError:
        threads = CapacityLimiter(AT_ONCE)
        _threads.set(threads)
    return await to_thread.run_sync(work, *args, limiter=threads)
