"""What was made for one request and is kept for the next, up to a number of bytes."""

from collections import OrderedDict
from collections.abc import Callable
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
class CacheTold:
    """Who is told of a cache: of each value found, of each that had to be made, and of its size in bytes."""

    hit: Callable[[], None]
    miss: Callable[[], None]
    size: Callable[[float], None]


UNTOLD = CacheTold(lambda: None, lambda: None, lambda _: None)


class Kept(Generic[Key, Value]):
    """Values by key; what was not used for longest makes way when they come to more than `max_bytes`."""

    def __init__(self, max_bytes: int, told: CacheTold = UNTOLD) -> None:
        self._max_bytes, self._bytes, self._told = max_bytes, 0, told
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()

    @property
    def max_bytes(self) -> int:
        """Most bytes of all values together."""
        return self._max_bytes

    def get(self, key: Key) -> Value | None:
        """Return what is kept, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            found = self._kept[key]
        self._told.hit()
        return found

    def put(self, key: Key, value: Value) -> None:
        """Keep what had to be made, or what `better` chooses if another thread was first."""
        with self._lock:
            before = self._kept.pop(key, None)
            if before is not None:
                self._bytes -= before.size_bytes
                value = self.better(before, value)
            self._kept[key] = value
            self._bytes += value.size_bytes
            while self._bytes > self._max_bytes:
                self._bytes -= self._kept.popitem(last=False)[1].size_bytes
            self._told.size(self._bytes)
        self._told.miss()

    def better(self, before: Value, after: Value) -> Value:
        """Return which of two values under one key to keep; by default they are the same."""
        del after
        return before
