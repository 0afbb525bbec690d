"""Pages bounded by bytes, whatever number of rows was asked for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")

CHUNK = 20
"""Rows read at a time: so many may be read for nothing."""


@dataclass(frozen=True)
class Part(Generic[T]):
    """Rows of a list."""

    rows: list[T]
    more: bool
    """Whether the list goes on after them."""


def part(keys: Sequence[K], limit: int, most_bytes: int, read: Callable[[Sequence[K]], Iterable[tuple[T, int]]]) -> Part[T]:
    """Read up to `limit` rows by their keys, as many as fit into `most_bytes` but at least one.

    More keys than `limit` say that the list goes on. `read` yields each row with its bytes, in the order of the keys.
    """
    rows: list[T] = []
    left, wanted = most_bytes, keys[:limit]
    for begin in range(0, len(wanted), CHUNK):
        for row, size_bytes in read(wanted[begin : begin + CHUNK]):
            left -= size_bytes
            if rows and left < 0:
                return Part(rows, more=True)
            rows.append(row)
    return Part(rows, more=len(keys) > limit)
