"""The contract of a model.

A model is a frozen dataclass of sizes and constants. Its parameters live apart from it, in one flat vector
`theta` (P,), so that an optimizer is a few lines over one array and a checkpoint is one buffer. `layout` names the
parts of that vector.

To train, a model *binds* to a parameter vector and a batch size; the `Program` it returns has its views and work
buffers made, and a step through it allocates nothing:

    rows = model.prepare(X)             # once for the whole training part
    program = model.bind(theta, n)
    program.load(rows_of_batch, y)      # when the batch changes
    carry = program.forward(carry)      # leaves program.scores (n, K)
    program.loss()                      # only where it is looked at
    program.backward()                  # leaves program.gradient (P,); overwrites the scores

`carry` is what one batch hands to the next: None for feed-forward models, a hidden state for recurrent ones.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import NamedTuple, Protocol

import numpy as np

from core.types import Array, DType, Floats, Ints


class LossParts(NamedTuple):
    """A loss as its two parts: what the data says and what regularisation adds."""

    data: float
    reg: float


@dataclass(frozen=True)
class Part:
    """One named matrix inside the flat vector."""

    name: str
    shape: tuple[int, int]


class Layout:
    """Where each affine layer lies in the flat vector.

    A layer is one matrix `[W | b]` of shape (out, in + 1): the bias is one more column of the weights, and meets a row
    of ones under the activations. That saves a broadcast add and a separate bias gradient.
    """

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.parts = tuple(Part(f"layer{i + 1}", (out, inner + 1)) for i, (inner, out) in enumerate(pairwise(sizes)))
        self.size = sum(prod(part.shape) for part in self.parts)

    def views(self, flat: Array) -> list[Array]:
        """Cut a flat vector (P,) into one `[W | b]` view for each layer."""
        views, start = [], 0
        for part in self.parts:
            views.append(flat[start : start + prod(part.shape)].reshape(part.shape))
            start += prod(part.shape)
        return views

    def named(self, flat: Array) -> dict[str, Array]:
        """Return the course's names: W1 (in, out), b1 (out,), W2, … as views."""
        named = {}
        for i, view in enumerate(self.views(flat), start=1):
            named[f"W{i}"] = view[:, :-1].T
            named[f"b{i}"] = view[:, -1]
        return named

    def weights(self, flat: Array) -> list[Array]:
        """Return the weights of each layer without the bias column, (out, in)."""
        return [view[:, :-1] for view in self.views(flat)]


class WeightDecay:
    """L2 regularisation: ½·reg·ΣW² over the weights, not the biases, and its gradient reg·W. Bound to a theta (P,)."""

    def __init__(self, layout: Layout, theta: Floats, reg: float) -> None:
        self._theta = theta
        self._reg = np.full(layout.size, reg, theta.dtype)  # reg at weights, 0 at biases: one product over the flat vector
        for view in layout.views(self._reg):
            view[:, -1] = 0
        self._work = np.empty_like(theta)

    def value(self) -> float:
        """Return ½·reg·ΣW²."""
        np.multiply(self._reg, self._theta, out=self._work)
        return 0.5 * float(self._work @ self._theta)

    def add_to_(self, gradient: Floats) -> None:
        """Add reg·W to the gradient (P,)."""
        np.multiply(self._reg, self._theta, out=self._work)
        np.add(gradient, self._work, out=gradient)


class Program(Protocol):
    """A model bound to a parameter vector and a batch size."""

    scores: Floats
    gradient: Floats

    def load(self, rows: Floats, y: Ints) -> None:
        """Take a batch: rows as `prepare` made them, labels (n,)."""

    def forward(self, carry: Array | None) -> Array | None:
        """Compute the scores (n, K) and return the next carry."""

    def loss(self) -> LossParts:
        """Return the loss of the last forward pass."""

    def backward(self) -> None:
        """Turn the scores into their gradient and fill `gradient` (P,), regularisation included."""


class Model(Protocol):
    """What the training loop, evaluation and prediction need of a model."""

    @property
    def n_features(self) -> int:
        """D."""

    @property
    def n_classes(self) -> int:
        """K."""

    @property
    def layout(self) -> Layout:
        """Where each parameter lies in theta."""

    @property
    def probabilistic(self) -> bool:
        """Whether softmax(scores) are probabilities."""

    def init(self, rng: np.random.Generator, dtype: DType) -> Floats:
        """Draw theta (P,)."""

    def prepare(self, X: Floats) -> Floats:
        """Turn examples (N, D) into the rows that a program reads."""

    def bind(self, theta: Floats, n: int) -> Program:
        """Bind to a parameter vector (by reference) and a batch size."""


def with_ones(X: Floats) -> Floats:
    """Append a column of ones to X (N, D), which meets the bias column of the first layer."""
    rows = np.ones((X.shape[0], X.shape[1] + 1), X.dtype)
    rows[:, :-1] = X
    return rows
