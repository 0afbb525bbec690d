"""Bodies of the routes of named models."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from service.api.answers import PredictOut
from service.api.from_spec import Strict
from service.api.responses import Links, Page
from service.api.schemas import CheckpointName, Inputs

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
MAX_VERSION = 2**31 - 1

BOTH: JsonValue = {
    "required": ["version", "alias"],
    "properties": {"version": {"type": "integer"}, "alias": {"type": "string"}},
}

ModelName = Annotated[str, Path(max_length=100, pattern=NAME, description="name of a model")]
AliasName = Annotated[str, Path(max_length=100, pattern=NAME, description="name of a version, such as `production`")]
VersionNumber = Annotated[int, Path(ge=1, le=MAX_VERSION, description="number of a version")]
AfterName = Annotated[str | None, Query(max_length=100, pattern=NAME, description="last name of the page before")]
NameOrder = Annotated[str, Query(pattern="^(asc|desc)$", description="by name, from A to Z or back")]


class AliasSet(Strict):
    """What an alias is to stand for."""

    model_config = ConfigDict(json_schema_extra={"example": {"run": "run_06dzp6q3n2n1d8z6k0b9", "checkpoint": "best"}})

    run: Annotated[str, Field(max_length=60, pattern="^run_[0-9a-z]+$", description="id of a run")]
    checkpoint: CheckpointName = "latest"


class ModelPredictRequest(Strict):
    """Examples to classify with a model."""

    model_config = ConfigDict(json_schema_extra={"example": {"inputs": [[0.5, 0.2], [-0.3, 0.4]]}, "not": BOTH})

    inputs: Inputs
    version: Annotated[int | None, Field(ge=1, le=MAX_VERSION, description="null: that of the alias")] = None
    alias: Annotated[
        str | None,
        Field(max_length=100, pattern=NAME, description="null: `production`, or if there is none the newest version"),
    ] = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "ModelPredictRequest":
        if self.version is not None and self.alias is not None:
            raise ValueError("must name a version or an alias, not both")
        return self


class ModelPredictOut(PredictOut):
    """Predictions, with the version of the model that made them."""

    model: str
    version: int


class VersionOut(BaseModel):
    """A checkpoint of a run under a number; it never changes."""

    object: Literal["model_version"] = "model_version"
    version: int
    run: str
    checkpoint: str
    kind: Annotated[str, Field(description="of the model: softmax, svm, mlp or char_rnn")]
    step: int
    weights_digest: str
    aliases: Annotated[list[str], Field(description="those that stand for it now")]
    created_at: datetime


class ModelOut(BaseModel):
    """A named model."""

    object: Literal["model"] = "model"
    id: Annotated[str, Field(description="its name")]
    aliases: Annotated[dict[str, int], Field(description="each with the version that it stands for")]
    served: Annotated[int, Field(description="the version that answers when none is asked for")]
    versions: Annotated[list[VersionOut], Field(description="from the oldest to the newest")]
    created_at: datetime
    links: Links


class ModelList(Page[ModelOut]):
    """A page of models."""


class AliasOut(BaseModel):
    """An alias, and the version that it stands for."""

    object: Literal["model_alias"] = "model_alias"
    id: Annotated[str, Field(description="the alias")]
    model: str
    version: int
    run: str
    checkpoint: str
    step: int
    weights_digest: str
    created_at: Annotated[datetime, Field(description="of the version")]
    links: Links
