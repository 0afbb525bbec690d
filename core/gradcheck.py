"""Check a gradient against differences, along random directions: two evaluations a direction, however many parameters."""

from collections.abc import Callable

import numpy as np

from core.models import Model
from core.types import Floats, Ints


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


def check_model(model: Model, theta: Floats, X: Floats, y: Ints, rng: np.random.Generator) -> float:
    """Return the relative error of the gradient of a model's loss at theta (P,), on X (N, D) and y (N,), in float64."""
    theta = theta.astype(np.float64)
    program = model.bind(theta, len(y))
    program.load(model.prepare(X.astype(np.float64)), y)

    def loss(at: Floats) -> float:
        theta[:] = at
        program.forward(None)
        return sum(program.loss())

    start = theta.copy()
    program.forward(None)
    program.backward()
    return relative_error(loss, start, program.gradient.copy(), rng)
