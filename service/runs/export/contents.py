"""What an exported file holds, whatever its format."""

import json
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from core.models import Model
from core.types import Array
from service.domain import Run
from service.runs.predict import Trained

INT64 = np.iinfo(np.int64)


@dataclass(frozen=True)
class Contents:
    """A model and its parameters by the course's names (W1, b1, …), its normaliser, and `facts`: what is no array."""

    model: Model
    parameters: dict[str, Array]
    mean: Array
    scale: Array
    facts: dict[str, Any]

    @classmethod
    def of(cls, run: Run, trained: Trained) -> Self:
        """Gather what a file is made of."""
        checkpoint = trained.checkpoint
        facts = {
            "run": run.id,
            "checkpoint": checkpoint.id,
            "step": checkpoint.step,
            "weights_digest": checkpoint.weights_digest,
            "classes": trained.classes,
            "features": run.data["features"],
            "spec": run.spec,
        }
        named = trained.model.layout.named(trained.theta)
        return cls(trained.model, named, trained.normaliser.mean, trained.normaliser.scale, facts)

    @property
    def arrays(self) -> dict[str, Array]:
        """The parameters, `mean` and `scale`, each in one piece: safetensors 0.8 writes other numbers for a view like W1."""
        every = {**self.parameters, "mean": self.mean, "scale": self.scale}
        return {name: np.ascontiguousarray(array) for name, array in every.items()}

    @property
    def labels(self) -> list[int] | list[str]:
        """The class names in the order of the scores; as text, if they are not all integers of 64 bits."""
        classes: list[int | str] = self.facts["classes"]
        whole = [label for label in classes if isinstance(label, int) and INT64.min <= label <= INT64.max]
        return whole if len(whole) == len(classes) else [str(label) for label in classes]

    def facts_json(self) -> str:
        """Return the facts as one line of JSON, in ASCII."""
        return json.dumps(self.facts)
