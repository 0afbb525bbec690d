"""What was made for one request and is kept for the next, up to a number of bytes."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """What knows about how much memory it needs."""

    @property
    def size_bytes(self) -> int:
        """Return it."""


Key = TypeVar("Key")
Value = TypeVar("Value", bound=Sized)


@dataclass(frozen=True)
class CacheCounts:
    """How a cache has served since the start, and its size now."""

    hits: int
    misses: int
    size_bytes: int


class Kept(Generic[Key, Value]):
    """Values by key; what was not used for longest makes way when they come to more than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._hits = self._misses = 0
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """Return what is kept, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._hits += 1
            self._kept.move_to_end(key)
            return self._kept[key]

    def put(self, key: Key, value: Value) -> None:
        """Keep what had to be made, or what `better` chooses if another thread was first."""
        with self._lock:
            self._misses += 1
            before = self._kept.pop(key, None)
            if before is not None:
                self._bytes -= before.size_bytes
                value = self.better(before, value)
            self._kept[key] = value
            self._bytes += value.size_bytes
            while self._bytes > self._max_bytes:
                self._bytes -= self._kept.popitem(last=False)[1].size_bytes

    def better(self, before: Value, after: Value) -> Value:
        """Return which of two values under one key to keep; by default they are the same."""
        del after
        return before

    def counts(self) -> CacheCounts:
        """Tell how it has served."""
        with self._lock:
            return CacheCounts(self._hits, self._misses, self._bytes)
