"""Products and sums over classes: each form is as near to the exact result as rounding allows, whatever the kernel."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import DTypeLike

from core.class_sums import SumAtEachClass, SumOfRows, class_sums
from core.products import product, product_with_transposed
from core.types import Floats

SHAPES = [(3, 2, 300), (3, 300, 101), (10, 128, 257), (10, 1500, 101), (40, 60, 70), (1, 5, 2000), (2, 1, 3)]


def bound(terms: int, magnitudes: Floats, dtype: DTypeLike) -> Floats:
    """Return how far a sum of products may be from the exact one: γ Σ|a||b|, in whatever order a kernel adds.

    γ = terms·u / (1 - terms·u), where u is half the distance from 1 to the next number. Source: Higham, Accuracy and Stability
    of Numerical Algorithms, 3.5.
    """
    u = float(np.finfo(dtype).eps) / 2
    return terms * u / (1 - terms * u) * magnitudes


def off(out: Floats, A: Floats, B: Floats) -> Floats:
    """Return by how much more than rounding allows a product is off, given A (rows, inner) and B (inner, columns).

    The oracle is a plain loop in extended precision, whose own rounding is allowed for.
    """
    inner, A, B = A.shape[1], A.astype(np.longdouble), B.astype(np.longdouble)
    magnitudes = np.abs(A) @ np.abs(B)
    return np.abs(out - A @ B) - bound(inner, magnitudes, out.dtype) - 2 * bound(inner, magnitudes, np.longdouble)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "inner", "columns"), SHAPES)
def test_a_product_is_near_the_exact_one(rows: int, inner: int, columns: int, dtype: str, *, turned: bool) -> None:
    """(rows, inner) times (inner, columns), the second one as the transpose of what lies in memory, over whatever was there."""
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((rows, inner)).astype(dtype), rng.standard_normal((columns, inner)).astype(dtype)
    out = np.full((rows, columns), np.nan, dtype)
    (product_with_transposed(out, inner) if turned else product(out))(A, B.T)
    assert off(out, A, B.T).max() <= 0


def test_the_bound_tells_a_wrong_product() -> None:
    """One factor of 128 changed by a thousandth is seen, in the shape that is turned."""
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((10, 128)).astype("float32"), rng.standard_normal((257, 128)).astype("float32")
    wrong = A.copy()
    wrong[:, 7] *= np.float32(1.001)
    out = np.empty((10, 257), "float32")
    product_with_transposed(out, 128)(wrong, B.T)
    assert off(out, A, B.T).max() > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "k"), [(300, 3), (128, 10), (2, 15), (291, 15), (7285, 3), (1, 3), (20, 16)])
def test_sums_over_classes_are_near_the_exact_ones(n: int, k: int, dtype: str) -> None:
    """Those at each class and those of a pass: k terms, of which each is added with one rounding or none."""
    values = np.asfortranarray(np.exp(np.random.default_rng(0).standard_normal((n, k)) * 3).astype(dtype))
    expected = np.array([float(sum(map(Fraction, row))) for row in values.tolist()])[:, None]
    for sums_of in (SumAtEachClass(n, k, values.dtype), SumOfRows(n, values.dtype)):
        found = sums_of(values)
        assert found.shape in {(n, k), (n, 1)}
        assert (np.abs(found - expected) <= bound(k, expected, dtype) + bound(1, expected, "float64")).all()


@pytest.mark.parametrize(
    ("n", "k", "form"),
    [
        (300, 3, SumAtEachClass),
        (128, 10, SumAtEachClass),
        (2, 15, SumAtEachClass),
        (291, 15, SumAtEachClass),
        (292, 15, SumOfRows),
        (7281, 3, SumAtEachClass),
        (7282, 3, SumOfRows),
        (1, 3, SumOfRows),
        (20, 16, SumOfRows),
    ],
)
def test_the_shape_decides_the_form(n: int, k: int, form: type) -> None:
    """The same in both precisions: nothing that two attempts of a run may differ in."""
    assert {type(class_sums(n, k, np.dtype(dtype))) for dtype in ("float32", "float64")} == {form}
