"""Hypothesis arrays, named by the letters of core/types.py: N examples, D features, K classes."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.types import Floats, Ints

N = st.integers(1, 6)
D = st.integers(1, 4)
K = st.integers(2, 5)


def numbers(limit: float, width: int = 64) -> st.SearchStrategy[float]:
    """Return floats of magnitude up to `limit`."""
    return st.floats(-limit, limit, width=64 if width == 64 else 32, allow_subnormal=False)


@st.composite
def scored_batches(draw: st.DrawFn, limit: float = 10.0, dtype: str = "float64") -> tuple[Floats, Ints]:
    """Draw scores (N, K) of magnitude up to `limit` and labels y (N,)."""
    n, k = draw(N), draw(K)
    width = 8 * np.dtype(dtype).itemsize
    scores = draw(hnp.arrays(dtype, (n, k), elements=numbers(limit, width)))
    y = draw(hnp.arrays(np.int64, n, elements=st.integers(0, k - 1)))
    return scores, y


@st.composite
def features(draw: st.DrawFn, limit: float = 100.0) -> Floats:
    """Draw examples X (N, D)."""
    return draw(hnp.arrays(np.float64, (draw(N), draw(D)), elements=numbers(limit)))


json_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
