"""Request bodies."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, FailFast, Field

from core.spec import DataSpec, ModelSpec, OptimizerSpec, Sgd, Training, TrainSpec
from service.api.from_spec import FromSpec, Strict, few_keys
from service.api.words import NAMED, PRINTABLE, printable
from service.domain import StoredDataset
from service.runs import fork
from service.runs.submit import RunRequest

MAX_ROWS = 100_000  # examples in one request for predictions

Name = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra=PRINTABLE), AfterValidator(printable)]
Tag = Annotated[str, Field(max_length=500, json_schema_extra=PRINTABLE), AfterValidator(printable)]
Tags = Annotated[dict[Name, Tag], BeforeValidator(few_keys), Field(max_length=50, json_schema_extra=NAMED)]
DatasetField = Annotated[
    DataSpec | StoredDataset,
    FromSpec(),
    Field(description="parameters of a synthetic dataset, a text, or the id of a kept dataset"),
]
Priority = Annotated[int, Field(ge=-100, le=100, description="of the runs that wait, those with the highest are begun first")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
CheckpointName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        description="`latest`, `best`, a step, or the id of a checkpoint",
        json_schema_extra=PRINTABLE,
    ),
    AfterValidator(printable),
]
Inputs = Annotated[
    list[Annotated[list[Finite], FailFast(), Field(min_length=1, max_length=10_000)]],
    FailFast(),  # one error, not one for each of millions of cells
    Field(min_length=1, max_length=MAX_ROWS, description="one list of features for each example, as in the dataset"),
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
    optimizer: Annotated[OptimizerSpec, FromSpec()] = Field(
        default_factory=Sgd, description="default: sgd; for a char_rnn adagrad with clip 0.2"
    )
    training: Annotated[Training, FromSpec()] = Field(default_factory=Training)
    tags: Tags = Field(default_factory=dict)
    priority: Priority = 0

    def to_request(self) -> RunRequest:
        """Hand on what was asked for, checked as a whole; raises SpecError."""
        plain = TrainSpec(model=self.model, optimizer=self.optimizer, training=self.training).to_dict()
        if "optimizer" not in self.model_fields_set:
            del plain["optimizer"]  # its default depends on the model
        return RunRequest(
            name=self.name, dataset=self.dataset, spec=TrainSpec.from_dict(plain), tags=self.tags, priority=self.priority
        )


class RunPatch(Strict):
    """What to change of a run: a member that is left out stays as it is (JSON Merge Patch, RFC 7396)."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "the good one", "tags": {"keep": "yes", "draft": None}}})

    name: Annotated[Name | None, Field(description="null removes it")] = None
    tags: Annotated[
        dict[Name, Tag | None],
        BeforeValidator(few_keys),
        Field(max_length=100, description="null removes one", json_schema_extra=NAMED),
    ] = Field(default_factory=dict)
    priority: Priority = 0


class DatasetCreate(Strict):
    """A synthetic dataset to make and keep, or a text to keep."""

    model_config = ConfigDict(json_schema_extra={"example": {"parameters": {"kind": "moons", "noise": 0.2}}})

    name: Name | None = None
    parameters: Annotated[DataSpec, FromSpec()]


class PredictRequest(Strict):
    """Examples to classify."""

    model_config = ConfigDict(json_schema_extra={"example": {"inputs": [[0.5, 0.2], [-0.3, 0.4]]}})

    inputs: Inputs
    checkpoint: CheckpointName = "latest"


class GenerateRequest(Strict):
    """What to write."""

    model_config = ConfigDict(json_schema_extra={"example": {"prompt": "The ", "length": 200, "temperature": 0.8}})

    prompt: Annotated[
        str, Field(max_length=10_000, description="characters to read first; all must be in the model's text")
    ] = ""
    length: Annotated[int, Field(ge=1, le=10_000, description="characters to write")] = 200
    temperature: Annotated[
        float, Field(ge=0, le=10, description="the scores are divided by it; 0: always the likeliest character")
    ] = 1.0
    top_k: Annotated[int | None, Field(ge=1, le=100_000, description="choose among so many likeliest; null: all")] = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="the same seed writes the same text")] = 0
    checkpoint: CheckpointName = "latest"


class EvaluateRequest(Strict):
    """What to measure a checkpoint on."""

    dataset: DatasetField | None = None
    checkpoint: CheckpointName = "latest"


class ExtendRequest(Strict):
    """How long to train in all."""

    model_config = ConfigDict(json_schema_extra={"example": {"steps": 20000}})

    steps: Annotated[int, Field(ge=1, le=10**9, description="all steps, those already done included")]
    name: Annotated[Name | None, Field(description="null: that of the parent")] = None


Step = Annotated[int, Field(ge=0, le=2**31)]


def _named(checkpoint: object) -> object:
    """Take a step as a number as well."""
    return str(checkpoint) if type(checkpoint) is int else checkpoint


class Overrides(Strict):
    """Parts of a spec that replace the parent's, field by field; another kind of optimizer begins with its own defaults."""

    model: dict[str, Any] = Field({}, description="what leaves the shape of the parameters alone, such as `reg`")
    optimizer: dict[str, Any] = Field({}, description="such as `learning_rate`")
    training: dict[str, Any] = Field({}, description="such as `steps`, which count from the parent's first")


class ForkRequest(Strict):
    """Where to branch off, and what to do otherwise."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "checkpoint": "best",
                "overrides": {"optimizer": {"learning_rate": 0.1}, "training": {"steps": 20000}},
            }
        }
    )

    checkpoint: Annotated[CheckpointName, BeforeValidator(_named, json_schema_input_type=CheckpointName | Step)] = "latest"
    name: Annotated[Name | None, Field(description="null: that of the parent")] = None
    tags: Annotated[
        Tags | None,
        Field(description="null: those of the parent"),
    ] = None
    overrides: Overrides = Overrides()

    def to_request(self) -> fork.ForkRequest:
        """Hand on what was asked for."""
        overrides = {part: given for part, given in self.overrides.model_dump().items() if given}
        return fork.ForkRequest(checkpoint=self.checkpoint, name=self.name, tags=self.tags, overrides=overrides)
