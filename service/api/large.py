"""What takes much memory, or long, is done for a few at a time: others wait for their turn, and hold no thread."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends

AT_ONCE = 4  # requests, in each process of a server


async def _turn() -> AsyncIterator[None]:
    yield


def few() -> Any:
    """Return a dependency that AT_ONCE requests have at the same time, until the answer is made; who reads it slowly has none.

    Routes with the same one share it.
    """
    return Depends(_turn, scope="function", max_concurrency=AT_ONCE)


LARGE = few()
"""Of what reads or makes a whole dataset or model: a preview of 85 million numbers took 2 GB, and 40 threads would do so."""
