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
    program.backward()                  # leaves program.gradient (P,); overwrites the scores; may return the data loss

`n` is the number of examples, or of streams for a model that reads text; its rows are a window (T, B) of symbol codes,
its scores (T·B, V). `carry` is what one batch hands to the next: None for feed-forward models, a hidden state (B, H) for
recurrent ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import NamedTuple, Protocol

import numpy as np

from core.noise import Noise
from core.types import Array, DType, Floats, Ints


class LossParts(NamedTuple):
    """A loss as its two parts: what the data says and what regularisation adds."""

    data: float
    reg: float


@dataclass(frozen=True)
class Part:
    """One array inside the flat vector, and how it is cut into the parameters that have names."""

    shape: tuple[int, ...]
    names: tuple[str, ...]
    cut: Callable[[Array], tuple[Array, ...]]


def affine(number: int, inner: int, out: int) -> Part:
    """Return one matrix `[W | b]` of shape (out, in + 1), cut into W (in, out) and b (out,).

    The bias is one more column of the weights, and meets a row of ones under the activations. That saves a broadcast
    add and a separate bias gradient.
    """
    return Part((out, inner + 1), (f"W{number}", f"b{number}"), lambda view: (view[:, :-1].T, view[:, -1]))


def with_bias(weights: str, bias: str, inner: int, out: int) -> Part:
    """Return one matrix `[W; b]` of shape (inner + 1, out), cut into W (inner, out) and b (out,)."""
    return Part((inner + 1, out), (weights, bias), lambda view: (view[:-1], view[-1]))


def whole(name: str, *shape: int) -> Part:
    """Return an array that is one parameter as it stands."""
    return Part(shape, (name,), lambda view: (view,))


class Layout:
    """Where each part lies in the flat vector."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts
        self.size = sum(prod(part.shape) for part in parts)

    def views(self, flat: Array) -> list[Array]:
        """Cut a flat vector (P,) into one view for each part."""
        views, start = [], 0
        for part in self.parts:
            views.append(flat[start : start + prod(part.shape)].reshape(part.shape))
            start += prod(part.shape)
        return views

    def named(self, flat: Array) -> dict[str, Array]:
        """Return the course's names as views: W1 (in, out), b1 (out,), W2, …; weights begin with W, biases with b."""
        views = zip(self.parts, self.views(flat), strict=True)
        return {name: array for part, view in views for name, array in zip(part.names, part.cut(view), strict=True)}

    def biases(self, flat: Array) -> list[Array]:
        """Return the biases, each (out,)."""
        return [array for name, array in self.named(flat).items() if name.startswith("b")]

    def weights(self, flat: Array) -> list[Array]:
        """Return the weights without the biases, each (in, out)."""
        return [array for name, array in self.named(flat).items() if name.startswith("W")]


class Program(Protocol):
    """A model bound to a parameter vector and a batch size."""

    scores: Floats
    gradient: Floats

    def load(self, rows: Array, y: Ints) -> None:
        """Take a batch: rows as `prepare` made them, read where they are, labels (n,)."""

    def forward(self, carry: Array | None) -> Array | None:
        """Compute the scores (n, K) and return the next carry."""

    def loss(self) -> LossParts:
        """Return the loss of the last forward pass."""

    def backward(self) -> float | None:
        """Turn the scores into their gradient and fill `gradient` (P,), regularisation included.

        Returns the data loss, bit for bit that of `loss`, where it is needed at every step (of text), else None.
        """


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

    @property
    def noisy(self) -> bool:
        """Whether a training step draws random numbers, so that its scores are not those of the model."""

    def init(self, rng: np.random.Generator, dtype: DType) -> Floats:
        """Draw theta (P,)."""

    def prepare(self, X: Floats) -> Array:
        """Turn examples (N, D) into the rows that a program reads."""

    def bind(self, theta: Floats, n: int, noise: Noise | None = None) -> Program:
        """Bind to a parameter vector (by reference) and a batch size; `noise` is what training steps draw from, if at all."""


def with_ones(X: Floats) -> Floats:
    """Append a column of ones to X (N, D), which meets the bias column of the first layer."""
    rows = np.ones((X.shape[0], X.shape[1] + 1), X.dtype)
    rows[:, :-1] = X
    return rows
