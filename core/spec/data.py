"""Synthetic datasets, by their parameters."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.fields import Limits

Seed = Annotated[int, Limits(ge=0, le=2**32 - 1, doc="seed of the random numbers")]
Noise = Annotated[float, Limits(ge=0, le=100, doc="standard deviation of the Gaussian noise")]
PointsPerClass = Annotated[int, Limits(ge=1, le=100_000, doc="examples of each class")]
Classes = Annotated[int, Limits(ge=2, le=100, doc="number of classes K")]


@dataclass(frozen=True, kw_only=True)
class Spiral:
    """Interleaved spiral arms, the course's toy data; `noise` is in radians."""

    kind: Literal["spiral"] = "spiral"
    points_per_class: PointsPerClass = 100
    classes: Classes = 3
    noise: Noise = 0.2
    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class Moons:
    """Two interleaving half circles."""

    kind: Literal["moons"] = "moons"
    points_per_class: PointsPerClass = 100
    noise: Noise = 0.1
    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class Circles:
    """A circle inside a circle; `factor` is the inner radius, the outer is 1."""

    kind: Literal["circles"] = "circles"
    points_per_class: PointsPerClass = 100
    factor: Annotated[float, Limits(gt=0, lt=1, doc="radius of the inner circle")] = 0.5
    noise: Noise = 0.05
    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class Blobs:
    """Gaussian clouds around centres drawn uniformly from [-5, 5]^D; `noise` is their standard deviation."""

    kind: Literal["blobs"] = "blobs"
    points_per_class: PointsPerClass = 100
    classes: Classes = 3
    features: Annotated[int, Limits(ge=1, le=1000, doc="number of features D")] = 2
    noise: Noise = 1.0
    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class Xor:
    """Four quadrants of the unit square, opposite ones of the same class."""

    kind: Literal["xor"] = "xor"
    points_per_class: PointsPerClass = 100
    noise: Noise = 0.0
    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class Text:
    """Text to read character by character, for a char_rnn."""

    text: Annotated[str, Limits(doc="the text itself, at least two different characters")]
    kind: Literal["text"] = "text"


SyntheticSpec = Spiral | Moons | Circles | Blobs | Xor
DataSpec = SyntheticSpec | Text
