"""Make a synthetic dataset to look at, and keep nothing."""

from dataclasses import dataclass

from core.data import synthetic
from core.data.dataset import Dataset, spread
from core.spec import SyntheticSpec
from core.types import Ints
from service.runs.datasets import Description, check_size, describe_synthetic
from service.settings import Settings


@dataclass(frozen=True)
class Sketch:
    """A dataset, and the positions (n,) of the examples to show."""

    description: Description
    data: Dataset
    shown: Ints


def sketch(settings: Settings, spec: SyntheticSpec, limit: int) -> Sketch:
    """Make the examples and choose up to `limit`, spread evenly over all; raise TooLarge as a run would."""
    description = describe_synthetic(spec)
    check_size(description, settings)
    data = synthetic.make(spec)
    return Sketch(description, data, spread(len(data), limit))
