"""Check a gradient against differences, along random directions: two evaluations a direction, however many parameters."""

from collections.abc import Callable

import numpy as np

from core.models import CharRnn, Model
from core.types import Array, Floats, Ints


def relative_error(
    f: Callable[[Floats], float], x: Floats, gradient: Floats, rng: np.random.Generator, *, directions: int = 5, h: float = 1e-6
) -> float:
    """Return the largest relative difference between g·v and (f(x + hv) - f(x - hv)) / 2h over random unit vectors v.

    x and gradient are float64 of the same shape. Source: the central difference of CS231n, Neural Networks Part 3.
    """
    worst = 0.0
    for _ in range(directions):
        v = rng.standard_normal(x.shape)
        v /= np.linalg.norm(v)
        numeric = (f(x + h * v) - f(x - h * v)) / (2 * h)
        analytic = float(np.sum(gradient * v))
        worst = max(worst, abs(numeric - analytic) / max(abs(numeric), abs(analytic), 1e-8))
    return worst


def check_model(model: Model, theta: Floats, X: Array, y: Ints, rng: np.random.Generator) -> float:
    """Return the relative error of the gradient of a model's loss at theta (P,), on X (N, D) and y (N,), in float64.

    Of text, X is one window of codes (T, B) and y (T·B,) what follows each.
    """
    theta = theta.astype(np.float64)
    text = isinstance(model, CharRnn)
    program = model.bind(theta, X.shape[1] if text else len(y))
    program.load(X if text else model.prepare(X.astype(np.float64)), y)

    def loss(at: Floats) -> float:
        theta[:] = at
        program.forward(None)
        return sum(program.loss())

    start = theta.copy()
    program.forward(None)
    program.backward()
    return relative_error(loss, start, program.gradient.copy(), rng)
