"""Fewer points of a curve, so chosen that none is lost which a reader would look for."""

import numpy as np

from core.types import Floats, Ints


def rows_to_keep(values: Floats, always: Ints, max_points: int) -> Ints:
    """Return rows of several curves over the same steps, values (S, N), in order; NaN where a series has no finite point.

    The rows `always` stay, both ends, and of each series the first, last, lowest and highest point, even where those are
    more than `max_points`. The room that is left goes to groups of neighbours, of which the lowest and the highest point of
    each series stay: min-max aggregation, which is M4 without the ends of each group (Jugel et al., M4: A
    Visualization-Oriented Time Series Data Aggregation, VLDB 2014).
    """
    S, N = values.shape
    if max_points >= N:
        return np.arange(N)
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    first, last = finite.argmax(axis=1), N - 1 - finite[:, ::-1].argmax(axis=1)
    chosen = np.unique(np.concatenate([always, [0, N - 1], first, last, low.argmin(axis=1), high.argmax(axis=1)]))
    groups = (max_points - len(chosen)) // max(1, 2 * S)
    for more in (4, 2, 1):  # the series often have their lowest and highest points at the same steps
        if groups > 0 and len(rows := np.union1d(chosen, _extremes(low, high, groups * more))) <= max_points:
            return rows
    return chosen


def _extremes(low: Floats, high: Floats, groups: int) -> Ints:
    """Return the rows of the lowest of `low` (S, N) and the highest of `high` (S, N) in each of at most so many groups."""
    S, N = low.shape
    width = -(-N // groups)
    starts = np.arange(0, N, width)
    whole = ((0, 0), (0, len(starts) * width - N))  # the last group is filled up with what is neither lowest nor highest
    lowest = np.pad(low, whole, constant_values=np.inf).reshape(S, -1, width).argmin(axis=2)
    highest = np.pad(high, whole, constant_values=-np.inf).reshape(S, -1, width).argmax(axis=2)
    return np.concatenate([(starts + lowest).ravel(), (starts + highest).ravel()])
