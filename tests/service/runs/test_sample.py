"""Fewer points of a curve: what must never be lost."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.errors import Interrupted
from core.types import Floats, Ints
from service.runs.sample import steps_to_keep

VALUES = st.floats(width=64) | st.sampled_from([0.0, 1.0, float("nan"), float("inf"), -float("inf")])
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 300))


def rows_to_keep(values: Floats, always: Ints, max_points: int, block: int = 10_000) -> Ints:
    """Choose of points whose steps are their rows, read in blocks."""

    def blocks() -> Iterator[tuple[Ints, Floats]]:
        for begin in range(0, values.shape[1], block):
            some = values[:, begin : begin + block]
            yield np.arange(begin, begin + some.shape[1]), some

    if max_points >= values.shape[1]:
        return np.arange(values.shape[1])
    return steps_to_keep(blocks, always.tolist(), max_points)


def in_one_piece(values: Floats, always: Ints, max_points: int) -> Ints:
    """Return the same as whole arrays have it."""
    S, N = values.shape
    if max_points >= N:
        return np.arange(N)
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    first, last = finite.argmax(axis=1), N - 1 - finite[:, ::-1].argmax(axis=1)
    chosen = np.unique(np.concatenate([always, [0, N - 1], first, last, low.argmin(axis=1), high.argmax(axis=1)]))
    groups = (max_points - len(chosen)) // max(1, 2 * S)
    for more in (4, 2, 1):
        if groups > 0 and len(rows := np.union1d(chosen, extremes(low, high, groups * more))) <= max_points:
            return rows
    return chosen


def extremes(low: Floats, high: Floats, groups: int) -> Ints:
    """Return the rows of the lowest of `low` and the highest of `high` in each of at most so many groups."""
    S, N = low.shape
    width = -(-N // groups)
    starts = np.arange(0, N, width)
    whole = ((0, 0), (0, len(starts) * width - N))
    lowest = np.pad(low, whole, constant_values=np.inf).reshape(S, -1, width).argmin(axis=2)
    highest = np.pad(high, whole, constant_values=-np.inf).reshape(S, -1, width).argmax(axis=2)
    return np.concatenate([(starts + lowest).ravel(), (starts + highest).ravel()])


def musts(values: Floats) -> set[int]:
    """Return the rows of each series' first, last, lowest, highest and every other than finite point, the slow way."""
    kept = {0, values.shape[1] - 1}
    for series in values:
        finite = [(value, row) for row, value in enumerate(series) if np.isfinite(value)]
        kept |= {row for row, value in enumerate(series) if not np.isfinite(value)}
        if finite:
            lowest, highest = min(finite)[0], max(finite)[0]
            kept |= {finite[0][1], finite[-1][1]}
            kept.add(next(row for value, row in finite if value == lowest))
            kept.add(next(row for value, row in finite if value == highest))
    return kept


def bad_rows(values: Floats) -> Ints:
    """Return the rows in which a value is not finite."""
    return np.flatnonzero(~np.isfinite(values).all(axis=0))


@given(hnp.arrays(np.float64, SHAPES, elements=VALUES), st.integers(2, 400))
def test_nothing_is_lost_that_a_reader_looks_for(values: Floats, max_points: int) -> None:
    """First, last, lowest, highest and every value that is not finite stay, of each series; beyond them the limit holds."""
    rows = rows_to_keep(values, bad_rows(values), max_points).tolist()
    must = musts(values)
    assert must <= set(rows)
    assert rows == sorted(set(rows))
    assert 0 <= rows[0] <= rows[-1] < values.shape[1]
    assert len(rows) <= max(max_points, len(must))
    if max_points >= values.shape[1]:
        assert rows == list(range(values.shape[1]))


@given(hnp.arrays(np.float64, SHAPES, elements=VALUES), st.integers(2, 400), st.integers(1, 320))
def test_blocks_make_no_difference(values: Floats, max_points: int, block: int) -> None:
    """Whatever comes at a time, the choice is that of whole arrays."""
    expected = in_one_piece(values, bad_rows(values), max_points)
    assert rows_to_keep(values, bad_rows(values), max_points, block).tolist() == expected.tolist()


@pytest.mark.parametrize("max_points", [2, 7, 50, 1000, 20_000])
@pytest.mark.parametrize("block", [97, 10_000, 10**6])
def test_blocks_of_a_long_curve_make_no_difference(max_points: int, block: int) -> None:
    """The same for walks, steps, plateaus and gaps of 60,000 points."""
    random = np.random.default_rng(7)
    walk = random.normal(size=60_000).cumsum()
    gaps = np.where(random.random(60_000) < 0.9, np.nan, walk)
    values = np.array([walk, gaps, np.round(walk, -1), random.normal(size=60_000)])
    always = np.array([5, 40_000])
    expected = in_one_piece(values, always, max_points)
    assert rows_to_keep(values, always, max_points, block).tolist() == expected.tolist()


def test_who_no_longer_waits() -> None:
    """Reading stops between two blocks."""
    asked = 0

    def over() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    def blocks() -> Iterator[tuple[Ints, Floats]]:
        for begin in range(0, 1000, 10):
            yield np.arange(begin, begin + 10), np.zeros((1, 10))

    with pytest.raises(Interrupted):
        steps_to_keep(blocks, [], 50, over)
    assert asked == 4


@pytest.mark.parametrize("n", [100, 101, 997, 10_000])
@pytest.mark.parametrize("series", [1, 3, 11])
def test_the_room_is_used_all_along(n: int, series: int) -> None:
    """Of noise, a good part of what was allowed is kept, and no long stretch is empty."""
    values = np.random.default_rng(n).normal(size=(series, n))
    rows = rows_to_keep(values, np.array([], np.int64), 90)
    assert 40 <= len(rows) <= 90
    assert np.diff(rows).max() <= n // 3


def test_a_spike_stays() -> None:
    """One high point among 100,000 is there in 100."""
    values = np.zeros((2, 100_000))
    values[1, 54_321] = 1.0
    assert 54_321 in rows_to_keep(values, np.array([], np.int64), 100)


def test_a_series_that_is_nowhere_finite_is_no_obstacle() -> None:
    """No warning and no error where there is no lowest point."""
    values = np.full((2, 1000), np.nan)
    values[0] = np.arange(1000)
    assert len(rows_to_keep(values, np.array([], np.int64), 10)) <= 10
