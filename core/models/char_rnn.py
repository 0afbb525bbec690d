"""The character RNN: reads text symbol by symbol and says at each which one comes next."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from core.initializers import INITIALIZERS
from core.losses import SoftmaxCrossEntropy
from core.models.base import Layout, LossParts, Regularisation, whole
from core.noise import Noise
from core.types import Array, DType, Floats, Ints


@dataclass(frozen=True)
class CharRnn:
    """h_t = tanh(x_t Wxh + h_{t-1} Whh + bh), scores_t = h_t Why + by, x_t one-hot.

    Wxh (V, H), Whh (H, H), bh (H,), Why (H, V), by (V,). The gradient goes back through one window of T symbols; the
    hidden state is carried on to the next. Source: Karpathy, min-char-rnn; Elman 1990.
    """

    n_symbols: int
    hidden_size: int
    sequence_length: int
    reg: float
    initializer: Literal["normal", "xavier", "he"] = "normal"
    l1: float = 0.0

    @property
    def n_features(self) -> int:
        """One: a symbol."""
        return 1

    @property
    def n_classes(self) -> int:
        """V: what comes next is one of the symbols."""
        return self.n_symbols

    @property
    def probabilistic(self) -> bool:
        """Softmax(scores) are probabilities."""
        return True

    @property
    def noisy(self) -> bool:
        """A step draws nothing."""
        return False

    @cached_property
    def layout(self) -> Layout:
        """Five arrays, one after the other."""
        V, H = self.n_symbols, self.hidden_size
        return Layout(whole("Wxh", V, H), whole("Whh", H, H), whole("bh", H), whole("Why", H, V), whole("by", V))

    def init(self, rng: np.random.Generator, dtype: DType) -> Floats:
        """Draw theta (P,)."""
        theta = np.zeros(self.layout.size, dtype)
        for W in self.layout.weights(theta):
            W[...] = INITIALIZERS[self.initializer](rng, *W.shape)
        return theta

    def prepare(self, X: Array) -> Array:
        """Return the codes as they are: the input layer gathers rows of Wxh, there is no one-hot product."""
        return X

    def bind(self, theta: Floats, n: int, noise: Noise | None = None) -> "CharRnnProgram":
        """Bind to a parameter vector and a number of streams."""
        del noise
        return CharRnnProgram(self, theta, n)

    def reader(self, theta: Floats) -> Callable[[int], Floats]:
        """Return a function that reads a symbol and gives the scores (V,) of the next; it begins with h = 0."""
        Wxh, Whh, bh, Why, by = self.layout.views(theta)
        h = np.zeros(self.hidden_size, theta.dtype)

        def read(code: int) -> Floats:
            h[:] = np.tanh(Wxh[code] + h @ Whh + bh)
            scores: Floats = h @ Why + by
            return scores

        return read


class CharRnnProgram:
    """The step over a window of T symbols in each of B streams; time runs along the first axis.

    Only the recurrence is a loop over T: what does not depend on the step before is one product over T·B rows.
    """

    def __init__(self, model: CharRnn, theta: Floats, n: int) -> None:
        layout, dtype = model.layout, theta.dtype
        V, H, T = model.n_symbols, model.hidden_size, model.sequence_length
        self.gradient = np.empty_like(theta)
        self._Wxh, self._Whh, self._bh, self._Why, self._by = layout.views(theta)
        self._dWxh, self._dWhh, self._dbh, self._dWhy, self._dby = layout.views(self.gradient)
        self._by_column = self._by[:, None]
        self._regularisation = Regularisation(layout, theta, model.reg, model.l1)
        self._states = np.zeros((T + 1, n, H), dtype)  # h before the window, then after each symbol
        self._before, self._after = self._states[:-1].reshape(T * n, H), self._states[1:].reshape(T * n, H)
        self._input = np.empty((T, n, H), dtype)  # x Wxh + bh
        self._dH, self._slope, self._dO = (np.empty((T, n, H), dtype) for _ in range(3))
        self._work = np.empty((n, H), dtype)
        self._onehot = np.zeros((V, T * n), dtype)
        self._column, self._codes = np.arange(T * n), np.zeros(T * n, np.int64)
        # Views made once: indexing anew at each t costs a tenth of the step.
        self._forward_in_time = list(zip(self._states[:-1], self._input, self._states[1:], strict=True))
        self._back_in_time = list(zip(self._dO[1:], self._dH[:-1], self._slope[:-1], self._dO[:-1], strict=True))[::-1]
        self._S = np.empty((V, T * n), dtype)
        self.scores = self._S.T
        self._loss = SoftmaxCrossEntropy(T * n, V, dtype)

    def load(self, rows: Array, y: Ints) -> None:
        """Take a window: codes (T, B) and the codes that follow each (T·B,)."""
        self._onehot[self._codes, self._column] = 0
        self._rows, self._codes = rows, rows.ravel()
        self._onehot[self._codes, self._column] = 1
        self._loss.load(y)

    def forward(self, carry: Array | None) -> Array:
        """h_t = tanh(x_t Wxh + h_{t-1} Whh + bh) from the carried h (B, H) on, S = (h Why + by)ᵀ; return the last h."""
        self._states[0] = 0 if carry is None else carry
        np.take(self._Wxh, self._rows, axis=0, out=self._input, mode="clip")  # "raise" would copy through a buffer
        np.add(self._input, self._bh, out=self._input)
        for before, read, after in self._forward_in_time:
            np.matmul(before, self._Whh, out=after)
            np.add(after, read, out=after)
            np.tanh(after, out=after)
        np.matmul(self._Why.T, self._after.T, out=self._S)
        np.add(self._S, self._by_column, out=self._S)
        last: Array = self._states[-1].copy()
        return last

    def loss(self) -> LossParts:
        """Return the mean cross-entropy over all T·B symbols in nats, and what regularisation adds."""
        return LossParts(self._loss.value(self.scores), self._regularisation.value())

    def backward(self) -> None:
        """dO_t = (dS_t Whyᵀ + dO_{t+1} Whhᵀ)·(1 - h_t²), from the last symbol back; then one product for each weight."""
        self._loss.gradient_(self.scores)
        dO = self._dO.reshape(self._after.shape)
        np.matmul(self.scores, self._Why.T, out=self._dH.reshape(self._after.shape))
        np.multiply(self._states[1:], self._states[1:], out=self._slope)
        np.subtract(1, self._slope, out=self._slope)
        np.multiply(self._dH[-1], self._slope[-1], out=self._dO[-1])
        for after, dh, slope, do in self._back_in_time:
            np.matmul(after, self._Whh.T, out=self._work)
            np.add(self._work, dh, out=self._work)
            np.multiply(self._work, slope, out=do)
        np.matmul(self._after.T, self.scores, out=self._dWhy)
        np.add.reduce(self._S, axis=1, out=self._dby)
        np.matmul(self._before.T, dO, out=self._dWhh)
        np.add.reduce(dO, axis=0, out=self._dbh)
        np.matmul(self._onehot, dO, out=self._dWxh)  # sums the rows of dO by symbol; np.add.at takes longer
        self._regularisation.add_to_(self.gradient)
