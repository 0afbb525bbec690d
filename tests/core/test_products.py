"""Products and sums over classes: what is chosen for speed gives the bits of what it stands for."""

import numpy as np
import pytest

from core.class_sums import SumAtEachClass, SumOfRows, class_sums
from core.products import product, product_with_transposed

SHAPES = [(3, 2, 300), (3, 300, 101), (10, 128, 257), (10, 1500, 101), (40, 60, 70), (1, 5, 2000), (2, 1, 3)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "inner", "columns"), SHAPES)
def test_products_agree(rows: int, inner: int, columns: int, dtype: str) -> None:
    """(rows, inner) times (inner, columns), the second one as the transpose of what lies in memory, over whatever was there."""
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((rows, inner)).astype(dtype), rng.standard_normal((columns, inner)).astype(dtype)
    first, second = np.full((rows, columns), np.nan, dtype), np.full((rows, columns), np.nan, dtype)
    product(first)(A, B.T)
    product_with_transposed(second, inner)(A, B.T)
    assert np.array_equal(first, second)
    assert first == pytest.approx(A.astype(float) @ B.T.astype(float), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "k"), [(300, 3), (128, 10), (2, 15), (291, 15), (7285, 3)])
def test_sums_over_classes_agree(n: int, k: int, dtype: str) -> None:
    """Those at each class and those of a pass, bit for bit, wherever the first are chosen."""
    values = np.asfortranarray(np.exp(np.random.default_rng(0).standard_normal((n, k)) * 3).astype(dtype))
    chosen = class_sums(n, k, values.dtype)
    sums = chosen(values)
    assert (isinstance(chosen, SumAtEachClass), sums.shape) == (n * k * k <= 2**16, (n, k if n * k * k <= 2**16 else 1))
    assert np.array_equal(np.broadcast_to(SumOfRows(n, values.dtype)(values), (n, k)), np.broadcast_to(sums, (n, k)))


def test_many_classes_or_one_example_are_summed_in_a_pass() -> None:
    """There the bits could differ."""
    assert isinstance(class_sums(1, 3, np.dtype("float32")), SumOfRows)
    assert isinstance(class_sums(20, 16, np.dtype("float32")), SumOfRows)
