"""Fewer points of a curve: what must never be lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.types import Floats, Ints
from service.runs.sample import rows_to_keep

VALUES = st.floats(width=64) | st.sampled_from([0.0, 1.0, float("nan"), float("inf"), -float("inf")])
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 300))


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
