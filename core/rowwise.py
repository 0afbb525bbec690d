"""The cross-entropy of many classes, with scores that lie row by row."""

import numpy as np

from core.types import DType, Floats, Ints


class RowwiseCrossEntropy:
    """The same mean of -log p[i, y_i], for scores (N, K) of many classes that lie row by row in memory (C order).

    The gradient tells the loss on the way, the same bits as `value`: 3 µs where a pass of its own takes 13 (N = 25, K = 80).
    """

    def __init__(self, n: int, k: int, dtype: DType) -> None:
        self._starts = np.arange(n) * k
        self._right, self._largest = np.zeros(n, np.int64), np.empty(n, np.int64)
        self._work = np.empty((n, k), dtype)
        self._column, self._losses, self._shifted = np.empty((n, 1), dtype), np.empty(n, dtype), np.empty(n, dtype)
        self._sums, self._ones = self._column[:, 0], np.ones(k, dtype)
        self._n, self._n_each, self._share = n, np.full(n, n, dtype), np.array(1 / n, dtype)

    def load(self, y: Ints) -> None:
        """Take the labels (N,) of the batch."""
        np.add(self._starts, y, out=self._right)

    def value(self, scores: Floats) -> float:
        """Return the mean cross-entropy in nats."""
        return self._exp(scores, self._work)

    def gradient_(self, scores: Floats) -> float:
        """Overwrite the scores with (p - onehot(y)) / N; return the mean cross-entropy that they had."""
        loss = self._exp(scores, scores)
        np.multiply(self._sums, self._n_each, self._sums)
        np.divide(scores, self._column, scores)
        scores.reshape(-1)[self._right] -= self._share
        return loss

    def _exp(self, scores: Floats, out: Floats) -> float:
        """Fill `out` with exp(s - max s) and the column with the sums of its rows; return the mean cross-entropy."""
        column, sums = self._column, self._sums
        scores.argmax(1, self._largest)  # np.maximum.reduce takes 97 instead of 37 µs at N = 1600, K = 80
        np.add(self._largest, self._starts, self._largest)
        scores.reshape(-1).take(self._largest, None, sums, "clip")
        np.subtract(scores, column, out)
        out.reshape(-1).take(self._right, None, self._shifted, "clip")
        np.exp(out, out)
        out.dot(self._ones, sums)  # np.add.reduce takes 46 instead of 6 µs
        np.log(sums, self._losses)
        np.subtract(self._losses, self._shifted, self._losses)
        return float(np.add.reduce(self._losses, dtype=np.float64)) / self._n
