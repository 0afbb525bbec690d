"""Request bodies."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from core.spec import ModelSpec, OptimizerSpec, Sgd, SyntheticSpec, Training, TrainSpec
from service.api.from_spec import FromSpec, Strict
from service.domain import StoredDataset
from service.runs.submit import RunRequest


def printable(text: str) -> str:
    """Refuse control characters, which have no place in a name."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("must not contain control characters")
    return text


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printable)]
Tag = Annotated[str, Field(max_length=500), AfterValidator(printable)]
DatasetField = Annotated[
    SyntheticSpec | StoredDataset, FromSpec(), Field(description="parameters of a synthetic dataset, or the id of a kept one")
]
Finite = Annotated[float, Field(allow_inf_nan=False)]
CheckpointName = Annotated[
    str,
    Field(min_length=1, max_length=60, description="`latest`, `best`, a step, or the id of a checkpoint"),
    AfterValidator(printable),
]


class RunCreate(Strict):
    """A run to train."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "two-layer net on the spiral",
                "dataset": {"kind": "spiral"},
                "model": {"kind": "mlp", "hidden_sizes": [100]},
                "training": {"steps": 10000},
            }
        }
    )

    name: Name | None = None
    dataset: DatasetField
    model: Annotated[ModelSpec, FromSpec()]
    optimizer: Annotated[OptimizerSpec, FromSpec()] = Field(default_factory=Sgd, description="default: sgd")
    training: Annotated[Training, FromSpec()] = Field(default_factory=Training)
    tags: Annotated[dict[Name, Tag], Field(max_length=50)] = Field(default_factory=dict)

    def to_request(self) -> RunRequest:
        """Hand on what was asked for, checked as a whole; raises SpecError."""
        spec = TrainSpec(model=self.model, optimizer=self.optimizer, training=self.training)
        return RunRequest(name=self.name, dataset=self.dataset, spec=TrainSpec.from_dict(spec.to_dict()), tags=self.tags)


class DatasetCreate(Strict):
    """A synthetic dataset to make and keep."""

    model_config = ConfigDict(json_schema_extra={"example": {"parameters": {"kind": "moons", "noise": 0.2}}})

    name: Name | None = None
    parameters: Annotated[SyntheticSpec, FromSpec()]


class PredictRequest(Strict):
    """Examples to classify."""

    model_config = ConfigDict(json_schema_extra={"example": {"inputs": [[0.5, 0.2], [-0.3, 0.4]]}})

    inputs: Annotated[
        list[Annotated[list[Finite], Field(min_length=1, max_length=10_000)]],
        Field(min_length=1, max_length=100_000, description="one list of features for each example, as in the dataset"),
    ]
    checkpoint: CheckpointName = "latest"


class EvaluateRequest(Strict):
    """What to measure a checkpoint on."""

    dataset: DatasetField | None = None
    checkpoint: CheckpointName = "latest"
