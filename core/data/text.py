"""Text as codes, and windows of it in an order that depends on the step alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.errors import DataError, UnknownSymbols
from core.types import Ints


@dataclass(frozen=True)
class Corpus:
    """A text of L characters: codes (L,) int64 with values 0 … V-1, and its V symbols in the order of their code points."""

    codes: Ints
    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse text that cannot be learned from."""
        if len(self.symbols) < 2:
            raise DataError(f"the text has {len(self.symbols)} different characters, at least 2 are needed")

    @classmethod
    def of(cls, text: str) -> Self:
        """Give each character that occurs a code."""
        if not text:
            raise DataError("the text is empty")
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        number = np.zeros(0x110000, np.int64)  # by code point: a table is six times as fast as np.unique
        number[points] = 1
        found = np.flatnonzero(number)
        number[found] = np.arange(len(found))
        return cls(number[points], tuple(map(chr, found)))

    def __len__(self) -> int:
        """Return L."""
        return len(self.codes)

    def encode(self, text: str) -> Ints:
        """Return the codes of another text; raise UnknownSymbols."""
        return encode(text, self.symbols)

    def decode(self, codes: Ints) -> str:
        """Return the text of codes."""
        return "".join(self.symbols[code] for code in codes)


def encode(text: str, symbols: Sequence[str]) -> Ints:
    """Return the code of each character, its place among the symbols; raise UnknownSymbols."""
    number = {symbol: code for code, symbol in enumerate(symbols)}
    unknown = sorted(set(text) - number.keys())
    if unknown:
        raise UnknownSymbols(unknown, len(symbols))
    return np.array([number[symbol] for symbol in text], np.int64)


class Streams:
    """Windows of T symbols out of B streams that are read side by side, each a part of the text of its own.

    `x` (L,) are codes and `y` (L,) what follows each. Window i of an epoch begins at T·i in every stream; the few symbols
    that fill no window are left out.
    """

    full = False

    def __init__(self, x: Ints, y: Ints, streams: int, length: int) -> None:
        self._length = length
        each = len(x) // streams
        # (symbols, streams): a window of T rows is then contiguous, and time is its first axis.
        self._x, self._y = (np.ascontiguousarray(z[: each * streams].reshape(streams, each).T) for z in (x, y))
        self.per_epoch = each // length

    def at(self, step: int) -> tuple[Ints, Ints]:
        """Return the window (T, B) of a step, and what follows each of its symbols (T·B,)."""
        start = step % self.per_epoch * self._length
        window = slice(start, start + self._length)
        return self._x[window], self._y[window].ravel()

    def starts(self, step: int) -> bool:
        """Whether the streams begin anew, with an empty memory."""
        return step % self.per_epoch == 0
