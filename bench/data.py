"""The data of the rows. Each contender makes its own, from fixed seeds."""

from collections import Counter
from pydoc_data.topics import topics

import numpy as np

from core.data.dataset import Dataset


def noise(n: int, d: int, k: int) -> Dataset:
    """Return random numbers with random labels."""
    rng = np.random.default_rng(0)
    return Dataset(rng.random((n, d)), rng.integers(0, k, n), tuple(range(k)), tuple(f"x{i}" for i in range(d)))


def english(length: int = 300_000, symbols: int = 80) -> str:
    """Return the beginning of Python's reference from the standard library, in its most frequent symbols."""
    text = "\n".join(topics.values())
    kept = {symbol for symbol, _ in Counter(text).most_common(symbols)}
    return "".join(symbol for symbol in text if symbol in kept)[:length]
