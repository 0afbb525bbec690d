"""Matrix products into an array that is kept.

A product has forms of different speed. They add in different orders, so their results differ in the last bits, and by how much
depends on the kernel of BLAS. The form is chosen by shape and dtype alone: both are fixed for a run, so that all attempts of a
run take the same form.
"""

from collections.abc import Callable

import numpy as np

from core.types import Floats

Product = Callable[[Floats, Floats], object]

SMALL = 2**16
"""Bytes up to which it is calls that cost."""

FEW_ROWS, SMALL_RESULT, SMALL_WORK = 32, 1200, 10**6
"""Up to entries and multiply-adds of the latter two, OpenBLAS does not pack the operands of a product in float32 first."""


def product(out: Floats) -> Product:
    """Return a function that writes A B to `out` (C order), or a stack of products; neither A nor B may be a view with gaps.

    Of the same product, np.matmul takes 0.7 µs longer to begin, but `dot` clears `out` first: at 100×300 float32 3.5 and
    4.0 µs, at 3×300 1.05 and 0.35.
    """
    if out.nbytes > SMALL or out.ndim > 2:
        return lambda A, B: np.matmul(A, B, out)
    return lambda A, B: A.dot(B, out)


def product_with_transposed(out: Floats, inner: int) -> Product:
    """Return a function that writes A Bᵀ, given A (rows, inner) and Bᵀ as a view, to `out`.

    With few rows, as scores have, OpenBLAS is quicker at B Aᵀ: at 10×128 and 257×128 float32 24.6 and 16.0 µs, at 10×10000
    and 101×10000 749 and 484. Not where it does not pack its operands, and not in float64. Each form is within
    γ = inner·ε / (1 - inner·ε) times |A| |Bᵀ| of the exact product (Higham, Accuracy and Stability, 3.5).
    """
    rows, work = len(out), out.size * inner
    if out.dtype != np.float32 or rows > FEW_ROWS or (out.size <= SMALL_RESULT and work <= SMALL_WORK):
        return product(out)
    turned = np.empty(out.shape[::-1], out.dtype)
    to_turned = product(turned)

    def write(A: Floats, Bt: Floats) -> None:
        to_turned(Bt.T, A.T)
        np.copyto(out, turned.T)

    return write
