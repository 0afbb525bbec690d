"""Initial weights: `(rng, fan_in, fan_out) -> W (fan_in, fan_out)` in float64; biases start at zero."""

from collections.abc import Callable
from math import sqrt

import numpy as np

from core.types import Floats


def normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> Floats:
    """0.01·randn, as in the course. Too small for more than a hidden layer or two."""
    return 0.01 * rng.standard_normal((fan_in, fan_out))


def xavier(rng: np.random.Generator, fan_in: int, fan_out: int) -> Floats:
    """Variance 2 / (fan_in + fan_out). Source: Glorot and Bengio 2010; suits tanh."""
    return sqrt(2 / (fan_in + fan_out)) * rng.standard_normal((fan_in, fan_out))


def he(rng: np.random.Generator, fan_in: int, fan_out: int) -> Floats:
    """Variance 2 / fan_in. Source: He et al. 2015; suits relu."""
    return sqrt(2 / fan_in) * rng.standard_normal((fan_in, fan_out))


INITIALIZERS: dict[str, Callable[[np.random.Generator, int, int], Floats]] = {"normal": normal, "xavier": xavier, "he": he}
