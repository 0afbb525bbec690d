"""What the inside of a model does on given examples, by the textbook formula and not through the program's buffers."""

from collections.abc import Callable, Iterator

import numpy as np

from core.errors import Interrupted
from core.models import Linear, Mlp, Model
from core.types import Array, Floats, Ints, never

CHUNK = 4096  # rows at a time


def hidden(model: Mlp, theta: Floats, X: Floats) -> Iterator[Floats]:
    """Yield O = H W + b (N, units) of each hidden layer, with H = f(O) of the layer before, for normalised X (N, D)."""
    named = model.layout.named(theta)
    H = X
    for layer in range(1, len(model.hidden_sizes) + 1):
        O = H @ named[f"W{layer}"] + named[f"b{layer}"]
        yield O
        H = np.maximum(O, 0) if model.activation == "relu" else np.tanh(O)


def dead_units(model: Mlp, theta: Floats, X: Floats, interrupted: Callable[[], bool] = never) -> list[int]:
    """Return for each hidden ReLU layer how many of its units are off for every row of X (N, D).

    Raise Interrupted where `interrupted()` is true before some of the rows.
    """
    active = [np.zeros(units, np.bool_) for units in model.hidden_sizes]
    for start in range(0, len(X), CHUNK):
        if interrupted():
            raise Interrupted
        for layer, O in enumerate(hidden(model, theta, X[start : start + CHUNK])):
            active[layer] |= (O > 0).any(axis=0)
    return [int(np.count_nonzero(~units)) for units in active]


def near_kinks(model: Model, theta: Floats, X: Array, y: Ints, within: float) -> Ints:
    """Count for each row of X (N, D), y (N,) the places closer than `within` to one where the loss has no derivative.

    They are the zeros of a ReLU's input, and of s_k - s_y + margin of the hinge loss.
    """
    near = np.zeros(len(y), np.int64)
    if isinstance(model, Mlp) and model.activation == "relu":
        for O in hidden(model, theta, X):
            near += np.count_nonzero(np.abs(O) < within, axis=1)
    if isinstance(model, Linear) and model.loss == "hinge":
        named = model.layout.named(theta)
        S = X @ named["W1"] + named["b1"]
        rows = np.arange(len(y))
        margins = S - S[rows, y][:, None] + model.margin
        margins[rows, y] = np.inf
        near += np.count_nonzero(np.abs(margins) < within, axis=1)
    return near
