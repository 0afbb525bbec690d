"""Sums of rows by code, against a loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.row_sums import OneHotSums, SortedSums, row_sums

every_way = pytest.mark.parametrize("sums_of", [OneHotSums, SortedSums])


@every_way
@given(n=st.integers(1, 40), v=st.integers(1, 9), h=st.integers(1, 5), dtype=st.sampled_from(["float32", "float64"]))
def test_rows_are_summed_by_code(sums_of: type[OneHotSums | SortedSums], n: int, v: int, h: int, dtype: str) -> None:
    """Each row counts once, at its code; a code without rows has zeros; what was loaded before leaves no trace."""
    rng = np.random.default_rng(n)
    sums = np.full((v, h), np.nan, dtype)
    bound = sums_of(n, sums)
    for _ in range(2):
        codes, rows = rng.integers(0, v, n), rng.standard_normal((n, h)).astype(dtype)
        expected = np.zeros((v, h))
        for code, row in zip(codes, rows, strict=True):
            expected[code] += row
        bound.load(codes)
        bound(rows)
        np.testing.assert_allclose(sums, expected, rtol=0, atol=1e-13 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("v", [255, 256, 257, 65_536, 65_537])
def test_codes_that_need_more_bytes_are_sorted_too(v: int) -> None:
    """The largest code, where it just fits into one or two bytes and where it does not."""
    sums = np.empty((v, 1))
    bound = SortedSums(3, sums)
    bound.load(np.array([v - 1, 0, v - 1]))
    bound(np.array([[1.0], [2.0], [4.0]]))
    assert sums[[0, -1], 0].tolist() == [2, 5]
    assert sums.sum() == 7


def test_many_rows_are_sorted() -> None:
    """Few rows are one product, many are sorted."""
    assert isinstance(row_sums(25, np.empty((80, 100))), OneHotSums)
    assert isinstance(row_sums(1600, np.empty((80, 100))), SortedSums)
