"""Scores, loss and accuracy of a model on any number of examples, in chunks of bounded memory."""

from collections.abc import Callable, Iterator

import numpy as np

from core.data.text import Streams
from core.errors import Interrupted, ShapeError
from core.models import CharRnn, Model
from core.models.base import LossParts, Program
from core.types import Floats, Ints, never

CHUNK = 4096  # rows at a time
KEPT = 2**17  # rows × parameters of a program that is kept: its buffers are then smaller than 1 MB
LEAST_ROWS = 16  # of a program that is kept; larger models go through in chunks
MAX_STREAMS, WINDOWS = 64, 100  # of text: streams at most, windows at least in each


class Evaluator:
    """A model bound to prepared rows (N, …) and labels (N,), to be measured again and again while theta changes."""

    def __init__(self, model: Model, theta: Floats, rows: Floats, y: Ints) -> None:
        self._rows, self._y = rows, y
        sizes = {len(part) for part in self._chunks()}
        self._programs = {n: model.bind(theta, n) for n in sizes}

    def _chunks(self) -> Iterator[Ints]:
        for start in range(0, len(self._y), CHUNK):
            yield self._y[start : start + CHUNK]

    def __call__(self, interrupted: Callable[[], bool] = never) -> tuple[LossParts, float]:
        """Return the loss and the accuracy over all rows; raise Interrupted where `interrupted()` is true before a chunk."""
        data = correct = 0.0
        parts = LossParts(0.0, 0.0)
        for i, y in enumerate(self._chunks()):
            if interrupted():
                raise Interrupted
            program = self._programs[len(y)]
            program.load(self._rows[i * CHUNK : i * CHUNK + CHUNK], y)
            program.forward(None)
            parts = program.loss()
            data += parts.data * len(y)
            correct += accuracy(program.scores, y) * len(y)
        return LossParts(data / len(self._y), parts.reg), correct / len(self._y)


def streams_of(symbols: int, length: int) -> int:
    """Return in how many streams so many symbols are evaluated, in windows of a length."""
    return max(1, min(MAX_STREAMS, symbols // (length * WINDOWS)))


class TextEvaluator:
    """A model of text bound to codes (L,) and what follows each (L,)."""

    def __init__(self, model: CharRnn, theta: Floats, x: Ints, y: Ints) -> None:
        length = model.sequence_length
        # Some streams side by side, each long beside the few symbols at its start that lack what came before.
        streams = streams_of(len(y), length)
        self._streams = Streams(x, y, streams, length)
        self._program = model.bind(theta, streams)

    def __call__(self, interrupted: Callable[[], bool] = never) -> tuple[LossParts, float]:
        """Return the loss in nats per character and the accuracy over all windows.

        Raise Interrupted where `interrupted()` is true before a window.
        """
        data = correct = 0.0
        parts, carry, windows = LossParts(0.0, 0.0), None, self._streams.per_epoch
        for i in range(windows):
            if interrupted():
                raise Interrupted
            x, y = self._streams.at(i)
            self._program.load(x, y)
            carry = self._program.forward(carry)
            parts = self._program.loss()
            data += parts.data
            correct += accuracy(self._program.scores, y)
        return LossParts(data / windows, parts.reg), correct / windows


class Scorer:
    """The scores of a model. What was bound for the last batch is kept for the next one of its size; threads may share it.

    Binding is two thirds of the 33 µs that one row through the two-layer net takes. Many rows go through a small program
    again and again, whose buffers stay in the processor's cache.
    """

    def __init__(self, model: Model, theta: Floats) -> None:
        self._model, self._theta = model, theta
        at_once = min(KEPT // theta.size, CHUNK)
        self._keeps = at_once >= LEAST_ROWS
        self._at_once = at_once if self._keeps else CHUNK
        self._kept: list[tuple[Program, Floats]] = []  # at most one, with its rows; it is out of the list while it is used

    def __call__(self, X: Floats, interrupted: Callable[[], bool] = never) -> Floats:
        """Return the scores (N, K) of normalised examples X (N, D) in the precision of theta.

        Raise Interrupted where `interrupted()` is true before some of the rows.
        """
        model, dtype = self._model, self._theta.dtype
        if X.ndim != 2 or X.shape[1] != model.n_features:
            raise ShapeError(f"X is {X.shape}, the model was trained on {model.n_features} features: (N, {model.n_features})")
        out = np.empty((len(X), model.n_classes), dtype)
        if not len(X):
            return out
        n = min(len(X), self._at_once)
        program, rows = self._take(n)
        for start in range(0, len(X), self._at_once):
            if interrupted():
                raise Interrupted
            chunk = X[start : start + n]
            rows[: len(chunk)] = model.prepare(chunk.astype(dtype, copy=False))  # behind a shorter chunk, old rows stay
            program.forward(None)
            out[start : start + n] = program.scores[: len(chunk)]
        if self._keeps:
            self._kept[:] = [(program, rows)]
        return out

    def _take(self, n: int) -> tuple[Program, Floats]:
        """Return a program for n rows, and the array that it reads them from."""
        try:
            program, rows = self._kept.pop()
        except IndexError:
            pass
        else:
            if len(rows) == n:
                return program, rows
        rows = self._model.prepare(np.zeros((n, self._model.n_features), self._theta.dtype))
        program = self._model.bind(self._theta, n)
        program.load(rows, np.zeros(n, np.int64))
        return program, rows


def scores(model: Model, theta: Floats, X: Floats, interrupted: Callable[[], bool] = never) -> Floats:
    """Return the scores (N, K) of normalised examples X (N, D) in the precision of theta; may raise Interrupted."""
    return Scorer(model, theta)(X, interrupted)


def accuracy(scores: Floats, y: Ints) -> float:
    """Return the share of rows whose largest score (the first, if several) is at their label."""
    return float(np.count_nonzero(scores.argmax(axis=1) == y) / len(y))


def confusion_matrix(predicted: Ints, y: Ints, k: int) -> Ints:
    """Return counts (K, K): row = true class, column = predicted class."""
    return np.bincount(y * k + predicted, minlength=k * k).reshape(k, k)
