"""Threads kept for probes."""

from collections.abc import Callable
from typing import Any, TypeVar

from service.api.threads import Threads

T = TypeVar("T")

THREADS = Threads("probes", 2)


async def probe(work: Callable[..., T], *args: Any) -> T:
    """Call `work` in a thread that no other request takes: a probe does not wait behind those that hold the whole pool."""
    return await THREADS.run(work, *args)
