"""Fewer points of a curve, so chosen that none is lost which a reader would look for."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from core.errors import Interrupted
from core.types import Floats, Ints, never

Blocks = Callable[[], Iterable[tuple[Ints, Floats]]]
"""The points from the first to the last, anew for each call: steps (n,) and values (S, n) of some at a time."""


def steps_to_keep(blocks: Blocks, always: Iterable[int], max_points: int, over: Callable[[], bool] = never) -> Ints:
    """Return steps of several curves over the same steps, in order; their values are NaN where there is no finite point.

    The steps `always` stay, both ends, and of each series the first, last, lowest and highest point, even where those are
    more than `max_points`. The room that is left goes to groups of neighbours, of which the lowest and the highest point of
    each series stay: min-max aggregation, which is M4 without the ends of each group (Jugel et al., M4: A
    Visualization-Oriented Time Series Data Aggregation, VLDB 2014).

    The blocks are read twice and never held together: 3 million points take no more memory than 10,000. Raise Interrupted
    once it is `over`.
    """
    ends, whole = _Ends(), _Lowest(width=1 << 62, groups=1)
    n = _read(blocks, [ends, whole], over)
    chosen = np.unique(np.concatenate([np.fromiter(always, np.int64), ends.steps(), whole.steps()]))
    room = (max_points - len(chosen)) // max(1, whole.lines)
    widths = [
        -(-n // (room * more)) for more in (4, 2, 1) if room > 0
    ]  # the lowest and highest points are often at the same steps
    tried = [_Lowest(width, groups=-(-n // width)) for width in widths]
    if tried:
        _read(blocks, tried, over)
    for groups in tried:
        if len(steps := np.union1d(chosen, groups.steps())) <= max_points:
            return steps
    return chosen


class _Ends:
    """The first and the last step, and those of the finite points of each series."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}  # by series, -1 for all
        self._last: dict[int, int] = {}

    def see(self, at: int, steps: Ints, lines: Floats) -> None:
        """See the next points."""
        del at
        for series, line in enumerate(lines[: len(lines) // 2]):
            finite = np.flatnonzero(line < np.inf)
            if len(finite):
                self._first.setdefault(series, int(steps[finite[0]]))
                self._last[series] = int(steps[finite[-1]])
        self._first.setdefault(-1, int(steps[0]))
        self._last[-1] = int(steps[-1])

    def steps(self) -> Ints:
        """Return them."""
        return np.array([*self._first.values(), *self._last.values()], np.int64)


class _Lowest:
    """The step of the first of the lowest points of each line, in each group of `width` points."""

    def __init__(self, width: int, groups: int) -> None:
        self._width, self._groups = width, groups
        self._values, self._steps = np.empty((0, groups)), np.empty((0, groups), np.int64)

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self._values)

    def see(self, at: int, steps: Ints, lines: Floats) -> None:
        """See the next points, of which the first is the point number `at` of all."""
        if at == 0:
            self._values = np.full((len(lines), self._groups), np.inf)
            self._steps = np.zeros((len(lines), self._groups), np.int64)
        n = len(steps)
        groups = np.arange(at // self._width, (at + n - 1) // self._width + 1)
        begins = groups * self._width - at
        cuts = np.maximum(begins, 0)
        lowest = np.minimum.reduceat(lines, cuts, axis=1)
        is_lowest = lines == np.repeat(lowest, np.diff(cuts, append=n), axis=1)
        rows = np.minimum.reduceat(np.where(is_lowest, np.arange(n), n), cuts, axis=1)
        here = slice(int(groups[0]), int(groups[-1]) + 1)
        better = (lowest < self._values[:, here]) | (begins >= 0)  # in a group that begins here, nothing was seen before
        self._values[:, here] = np.where(better, lowest, self._values[:, here])
        self._steps[:, here] = np.where(better, steps[rows], self._steps[:, here])

    def steps(self) -> Ints:
        """Return them."""
        return self._steps.ravel()


def _read(blocks: Blocks, watchers: Sequence[_Ends | _Lowest], over: Callable[[], bool]) -> int:
    """Show each series and its negative, which are infinite where there is no finite point; return the number of points."""
    at = 0
    for steps, values in blocks():
        if over():
            raise Interrupted("nobody waits for the curve any more")
        finite = np.isfinite(values)
        lines = np.concatenate([np.where(finite, values, np.inf), np.where(finite, -values, np.inf)])
        for watcher in watchers:
            watcher.see(at, steps, lines)
        at += len(steps)
    return at
