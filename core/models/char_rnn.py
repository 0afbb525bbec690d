"""The character RNN: reads text symbol by symbol and says at each which one comes next."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from core.initializers import INITIALIZERS
from core.models.base import Layout, LossParts, whole, with_bias
from core.models.regularisation import Regularisation
from core.noise import Noise
from core.products import product
from core.row_sums import row_sums
from core.rowwise import RowwiseCrossEntropy
from core.types import Array, DType, Floats, Ints

BLAS_SMALL = 10**6  # multiply-adds up to which OpenBLAS does not pack the operands of a product first


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
        """Wxh, [Whh; bh] and [Why; by], one after the other."""
        V, H = self.n_symbols, self.hidden_size
        return Layout(whole("Wxh", V, H), with_bias("Whh", "bh", H, H), with_bias("Why", "by", H, V))

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
        Wxh, Whh, bh, Why, by = self.layout.named(theta).values()
        h = np.zeros(self.hidden_size, theta.dtype)

        def read(code: int) -> Floats:
            h[:] = np.tanh(Wxh[code] + h @ Whh + bh)
            scores: Floats = h @ Why + by
            return scores

        return read


class CharRnnProgram:
    """The step over a window of T symbols in each of B streams; time runs along the first axis.

    Only the recurrence is a loop over T: what does not depend on the step before is done at once for all T·B rows.
    In the loop it is calls that cost: `dot` takes 0.7 µs where np.matmul takes 1.4, and `out` by position 0.1 less.

    With one stream, the biases are one more row of their weights and meet a one after each h, which saves 9 of 169 µs.
    With more, ones between the rows of h would slow down every pass over h, by 23 of 710 µs at B = 16.
    """

    def __init__(self, model: CharRnn, theta: Floats, n: int) -> None:
        layout, dtype = model.layout, theta.dtype
        V, H, T = model.n_symbols, model.hidden_size, model.sequence_length
        self._single = n == 1
        width = H + 1 if self._single else H
        self.gradient = np.empty_like(theta)
        self._Wxh, Whh, Why = layout.views(theta)
        dWxh, dWhh, dWhy = layout.views(self.gradient)
        self._Whh, self._Why, self._dWhh, self._dWhy = (W[:width] for W in (Whh, Why, dWhh, dWhy))
        self._bh, self._by, self._dbh, self._dby = Whh[-1], Why[-1], dWhh[-1], dWhy[-1]
        self._regularisation = Regularisation(layout, theta, model.reg, model.l1)
        # With Whhᵀ as a view, the product at each t takes 8.0 instead of 3.3 µs at B = 16; a single row does not mind.
        self._Whh_t = Whh[:-1].T if self._single else np.empty((H, H), dtype)
        self._Why_t = np.empty((V, H), dtype)
        self._transposes = [(self._Why_t, Why[:-1].T)] + ([] if self._single else [(self._Whh_t, Whh[:-1].T)])
        self._table = self._Wxh if self._single else np.empty((V, H), dtype)  # what a symbol adds to the next h
        states = np.ones((T + 1, n, width), dtype)  # h before the window, then after each symbol
        self._h = states[:, :, :H]
        self._before, self._after = states[:-1].reshape(T * n, width), states[1:].reshape(T * n, width)
        self._input, self._dH, dO = (np.empty((T, n, H), dtype) for _ in range(3))
        self._dO, self._slope = dO.reshape(T * n, H), np.empty((T * n, width), dtype)
        slope = self._slope.reshape(T, n, width)[:, :, :H]
        # Views made once: indexing anew at each t costs a tenth of the step.
        self._forward_in_time = list(zip(states[:-1], self._input, self._h[1:], strict=True))
        self._at_the_end = self._dH[-1], slope[-1], dO[-1]
        self._back_in_time = list(zip(dO[1:], self._dH[:-1], slope[:-1], dO[:-1], strict=True))[::-1]
        self.scores = np.empty((T * n, V), dtype)
        # OpenBLAS is quicker at T products it calls small than at one: 228 instead of 264 µs at B = 64.
        stack = T if n >= 16 and n * H * V <= BLAS_SMALL else 1
        rows = (stack, n) if stack > 1 else (T * n,)
        self._stacked_h, self._stacked_scores, dH = (
            A.reshape(*rows, A.shape[-1]) for A in (self._after, self.scores, self._dH)
        )
        self._to_scores, self._to_dH = product(self._stacked_scores), product(dH)
        self._ones, self._one = np.ones(T * n, dtype), np.ones((), dtype)
        self._loss = RowwiseCrossEntropy(T * n, V, dtype)
        self._sums_by_symbol = row_sums(T * n, dWxh)

    def load(self, rows: Array, y: Ints) -> None:
        """Take a window: codes (T, B) and the codes that follow each (T·B,)."""
        self._codes = rows
        self._sums_by_symbol.load(rows.ravel())
        self._loss.load(y)

    def forward(self, carry: Array | None) -> Array:
        """h_t = tanh(x_t Wxh + h_{t-1} Whh + bh) from the carried h (B, H) on, S = h Why + by; return the last h."""
        self._h[0] = 0 if carry is None else carry
        if not self._single:
            np.add(self._Wxh, self._bh, out=self._table)  # V rows; the T·B of the input take 31 instead of 3 µs at B = 64
        self._table.take(self._codes, 0, self._input, "clip")  # "raise" would copy through a buffer
        Whh, add, tanh = self._Whh, np.add, np.tanh
        for before, read, after in self._forward_in_time:
            before.dot(Whh, after)
            add(after, read, after)
            tanh(after, after)
        self._to_scores(self._stacked_h, self._Why)
        if not self._single:
            np.add(self.scores, self._by, out=self.scores)
        last: Array = self._h[-1].copy()
        return last

    def loss(self) -> LossParts:
        """Return the mean cross-entropy over all T·B symbols in nats, and what regularisation adds."""
        return LossParts(self._loss.value(self.scores), self._regularisation.value())

    def backward(self) -> float:
        """dO_t = (dS_t Whyᵀ + dO_{t+1} Whhᵀ)·(1 - h_t²), from the last symbol back; then one product for each weight."""
        data_loss = self._loss.gradient_(self.scores)
        dS, dO = self.scores, self._dO
        for transposed, view in self._transposes:
            np.copyto(transposed, view)
        self._to_dH(self._stacked_scores, self._Why_t)
        np.multiply(self._after, self._after, out=self._slope)
        np.subtract(self._one, self._slope, out=self._slope)
        np.multiply(*self._at_the_end)
        Whh_t, add, multiply = self._Whh_t, np.add, np.multiply
        for after, dh, slope, do in self._back_in_time:
            after.dot(Whh_t, do)
            add(do, dh, do)
            multiply(do, slope, do)
        self._after.T.dot(dS, self._dWhy)
        self._before.T.dot(dO, self._dWhh)
        self._sums_by_symbol(dO)
        if not self._single:
            self._ones.dot(dS, self._dby)  # np.add.reduce takes 23 instead of 6 µs at B = 64
            self._ones.dot(dO, self._dbh)
        self._regularisation.add_to_(self.gradient)
        return data_loss
