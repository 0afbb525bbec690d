"""The points of a run as columns."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from core.types import Floats, Ints

BYTES_A_NOTE = 200  # of a value that is not finite


@dataclass(frozen=True)
class Curves:
    """Points in the order of their steps (N,)."""

    steps: Ints
    series: dict[str, Floats]
    """The values (N,) of each series: NaN where it has no point. NaN and infinities that are points stand in `nonfinite`."""
    nonfinite: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """For each series that has any, the points that are not finite: step, and `nan`, `inf` or `-inf`."""

    @classmethod
    def joined(cls, names: Sequence[str], parts: Sequence[Self]) -> Self:
        """Return parts that follow each other as one, all with these series."""
        steps = np.concatenate([np.array([], np.int64), *(part.steps for part in parts)])
        series = {name: np.concatenate([np.array([]), *(part.series[name] for part in parts)]) for name in names}
        bad = dict.fromkeys(name for part in parts for name in part.nonfinite)
        return cls(steps, series, {name: [note for part in parts for note in part.nonfinite.get(name, [])] for name in bad})

    def __len__(self) -> int:
        """Return N."""
        return len(self.steps)

    @property
    def last_step(self) -> int:
        """The step of the last point; -1 if there is none."""
        return int(self.steps[-1]) if len(self) else -1

    @property
    def size_bytes(self) -> int:
        """About how much memory they need."""
        notes = sum(map(len, self.nonfinite.values()))
        return self.steps.nbytes + sum(values.nbytes for values in self.series.values()) + notes * BYTES_A_NOTE

    def values(self, name: str) -> list[float | None]:
        """Return a series as plain numbers: None where it has no point; NaN and infinities as such."""
        values = self.series[name]
        plain: list[float | None] = values.tolist()
        points = {step for step, _ in self.nonfinite.get(name, [])}
        for row in np.flatnonzero(np.isnan(values)).tolist():
            if int(self.steps[row]) not in points:
                plain[row] = None
        return plain

    def between(self, first: int | None, last: int | None) -> Self:
        """Return the points from one step to another, both included."""
        begin = 0 if first is None else int(np.searchsorted(self.steps, first))
        end = len(self) if last is None else int(np.searchsorted(self.steps, last, side="right"))
        if (begin, end) == (0, len(self)):
            return self
        low, high = (first or 0), (int(self.steps[-1]) if last is None else last)
        inside = {name: [note for note in notes if low <= note[0] <= high] for name, notes in self.nonfinite.items()}
        series = {name: values[begin:end] for name, values in self.series.items()}
        return replace(self, steps=self.steps[begin:end], series=series, nonfinite={k: v for k, v in inside.items() if v})

    def blocks(self, names: Sequence[str], size: int) -> Iterator[Self]:
        """Yield some series, so many points at a time."""
        for begin in range(0, len(self), size):
            steps = self.steps[begin : begin + size]
            series = {name: self.series[name][begin : begin + size] for name in names}
            bad = {
                name: _between(self.nonfinite[name], int(steps[0]), int(steps[-1])) for name in names if name in self.nonfinite
            }
            yield replace(self, steps=steps, series=series, nonfinite={name: notes for name, notes in bad.items() if notes})

    def take(self, rows: Ints) -> Self:
        """Return the points at some positions, among which are all that are not finite."""
        return replace(self, steps=self.steps[rows], series={name: values[rows] for name, values in self.series.items()})

    def then(self, later: Self) -> Self:
        """Return these points and those after them; a series that only one of both has is filled up."""
        names = dict.fromkeys([*self.series, *later.series])
        missing = [np.full(len(part), np.nan) for part in (self, later)]
        series = {
            name: np.concatenate([self.series.get(name, missing[0]), later.series.get(name, missing[1])]) for name in names
        }
        bad = dict.fromkeys([*self.nonfinite, *later.nonfinite])
        nonfinite = {name: [*self.nonfinite.get(name, []), *later.nonfinite.get(name, [])] for name in bad}
        return replace(self, steps=np.concatenate([self.steps, later.steps]), series=series, nonfinite=nonfinite)


def _between(notes: list[tuple[int, str]], first: int, last: int) -> list[tuple[int, str]]:
    return notes[bisect_left(notes, (first, "")) : bisect_left(notes, (last + 1, ""))]
