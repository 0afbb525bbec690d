"""Sums over the classes of each example, Σ_k a[n, k], for arrays (N, K) that lie class by class in memory.

The two forms may add in different orders and then differ in the last bits. The form is chosen by shape alone, which is fixed
for a run.
"""

from typing import Protocol

import numpy as np

from core.types import DType, Floats

SMALL, FEW = 2**16, 16
"""Up to N·K² of the first, it is calls that cost; from K of the second on, the ones pay on some processors only."""


class ClassSums(Protocol):
    """Bound to a shape (N, K)."""

    def __call__(self, values: Floats) -> Floats:
        """Return the sums of values (N, K) in a shape that meets them: (N, 1), or (N, K) with the sum at every class."""


class SumAtEachClass:
    """One product with (K, K) ones. What meets the sums then needs no broadcasting: 0.35 instead of 1.0 µs at 300×3."""

    def __init__(self, n: int, k: int, dtype: DType) -> None:
        self._ones, self._sums = np.ones((k, k), dtype), np.empty((k, n), dtype)
        self._returned = self._sums.T

    def __call__(self, values: Floats) -> Floats:
        """Return the sums (N, K)."""
        self._ones.dot(values.T, self._sums)
        return self._returned


class SumOfRows:
    """One pass over the values."""

    def __init__(self, n: int, dtype: DType) -> None:
        self._column = np.empty((n, 1), dtype)

    def __call__(self, values: Floats) -> Floats:
        """Return the sums (N, 1)."""
        np.add.reduce(values, axis=1, keepdims=True, out=self._column)
        return self._column


def class_sums(n: int, k: int, dtype: DType) -> ClassSums:
    """Return what is faster: the ones cost K² operations for each example, a call that broadcasts 0.7 µs more.

    To sum and divide by the sums takes, with ones and without: 300×3 1.2 and 2.4 µs, 128×10 1.4 and 2.6, 1000×10 5.1 and 4.7.
    At 128×16 it takes 1.9 and 2.8 with AVX-512, 4.3 and 2.8 with SSE. One example, at 0.9 and 1.8, is summed in a pass all the
    same: other bits than those of stored runs are not worth it.
    """
    return SumAtEachClass(n, k, dtype) if 1 < n <= SMALL / k**2 and k < FEW else SumOfRows(n, dtype)
