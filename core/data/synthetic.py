"""Datasets made from parameters: the same parameters make the same bits.

The numbers come from `RandomState`, whose stream is frozen in NumPy for good (that of `Generator` is not). It is also
what the course used: the spiral of seed 0 is the course's own, point for point.
"""

import numpy as np

from core.data.dataset import Dataset
from core.spec import Blobs, Circles, Moons, Spiral, SyntheticSpec, Xor
from core.types import Floats


def make(spec: SyntheticSpec) -> Dataset:
    """Draw the examples that a spec describes, class after class."""
    rng = np.random.RandomState(spec.seed)
    match spec:
        case Spiral():
            parts = spiral(rng, spec.points_per_class, spec.classes, spec.noise)
        case Moons():
            parts = moons(rng, spec.points_per_class, spec.noise)
        case Circles():
            parts = circles(rng, spec.points_per_class, spec.factor, spec.noise)
        case Blobs():
            parts = blobs(rng, spec.points_per_class, spec.classes, spec.features, spec.noise)
        case Xor():
            parts = xor(rng, spec.points_per_class, spec.noise)
    X = np.concatenate(parts)
    y = np.repeat(np.arange(len(parts)), spec.points_per_class)
    return Dataset(X, y, tuple(range(len(parts))), tuple(f"x{i + 1}" for i in range(X.shape[1])))


def spiral(rng: np.random.RandomState, n: int, classes: int, noise: float) -> list[Floats]:
    """Radius r from 0 to 1, angle t from 4j to 4(j + 1) plus noise, x = (r sin t, r cos t).

    Source: CS231n, Neural Networks case study.
    """
    arms: list[Floats] = []
    for j in range(classes):
        r = np.linspace(0.0, 1.0, n)
        t = np.linspace(4 * j, 4 * (j + 1), n) + noise * rng.standard_normal(n)
        arms.append(np.column_stack((r * np.sin(t), r * np.cos(t))))
    return arms


def moons(rng: np.random.RandomState, n: int, noise: float) -> list[Floats]:
    """Half circles of radius 1: the upper one around (0, 0), the lower one around (1, 0.5)."""
    t = np.linspace(0, np.pi, n)
    upper = np.column_stack((np.cos(t), np.sin(t)))
    lower = np.column_stack((1 - np.cos(t), 0.5 - np.sin(t)))
    return [moon + noise * rng.standard_normal((n, 2)) for moon in (upper, lower)]


def circles(rng: np.random.RandomState, n: int, factor: float, noise: float) -> list[Floats]:
    """Circles of radius 1 and `factor` around the origin."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    circle = np.column_stack((np.cos(t), np.sin(t)))
    return [radius * circle + noise * rng.standard_normal((n, 2)) for radius in (1.0, factor)]


def blobs(rng: np.random.RandomState, n: int, classes: int, features: int, noise: float) -> list[Floats]:
    """Gaussian clouds of deviation `noise` around centres drawn uniformly from [-5, 5]^D."""
    centres = rng.uniform(-5, 5, (classes, features))
    return [centre + noise * rng.standard_normal((n, features)) for centre in centres]


def xor(rng: np.random.RandomState, n: int, noise: float) -> list[Floats]:
    """Uniform in the square [-1, 1]²: class 0 where the signs of both coordinates agree, class 1 where they differ."""
    parts: list[Floats] = []
    for sign in (1.0, -1.0):
        x1 = rng.uniform(-1, 1, n)
        x2 = sign * np.sign(x1) * rng.uniform(0, 1, n)
        parts.append(np.column_stack((x1, x2)) + noise * rng.standard_normal((n, 2)))
    return parts


def shape(spec: SyntheticSpec) -> tuple[int, int, int]:
    """Return (N, D, K) of the dataset that `make` would make."""
    classes = spec.classes if isinstance(spec, Spiral | Blobs) else 2
    features = spec.features if isinstance(spec, Blobs) else 2
    return classes * spec.points_per_class, features, classes
