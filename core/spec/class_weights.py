"""What an example counts in the data loss, by its class."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.fields import Limits


@dataclass(frozen=True, kw_only=True)
class Balanced:
    """Every class counts the same in all: an example of a class with N_k of N training examples counts N / (K·N_k)."""

    kind: Literal["balanced"] = "balanced"


@dataclass(frozen=True, kw_only=True)
class PerClass:
    """Each class has a weight of its own."""

    kind: Literal["per_class"] = "per_class"
    weights: Annotated[
        tuple[float, ...],
        Limits(gt=0, le=1e6, max_length=10_000, doc="one for each class, in the order of the dataset's classes"),
    ]


ClassWeightsSpec = Balanced | PerClass
