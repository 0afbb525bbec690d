"""/v1/runs/{id}/diagnostics: what is wrong with a run, if anything, also while it still trains."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.api.deps import RunId, Server
from service.api.export import AtCheckpoint
from service.api.large import Turn
from service.runs.diagnose import diagnose

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["models"])


class GradientCheckOut(BaseModel):
    """The gradient against a numeric one, in float64 at the checkpoint's parameters."""

    relative_error: float | None
    ok: Annotated[bool | None, Field(description="null where the comparison says nothing; `note` says why")]
    examples: Annotated[int, Field(description="training examples, or characters, that it was checked on")]
    near_kinks: Annotated[int, Field(description="inputs of a ReLU, or margins of an svm, too close to where no derivative is")]
    note: str | None


class DeadUnitsOut(BaseModel):
    """A hidden ReLU layer, numbered from 1 at the input."""

    layer: int
    units: int
    dead: Annotated[int, Field(description="units that are active for none of the examples")]


class FirstLossOut(BaseModel):
    """The data loss before the first update."""

    loss: float
    expected: Annotated[float, Field(description="that of scores near zero: ln K, (K - 1)·margin of an svm, ln V of a text")]
    ok: bool


class ClassOut(BaseModel):
    """How well a class is found."""

    label: str | int
    examples: int
    precision: Annotated[float | None, Field(description="share of its predictions that are right; null: never predicted")]
    recall: Annotated[float | None, Field(description="share of its examples that are found; null: it has none")]


class HintOut(BaseModel):
    """Something to know, and what to do about it."""

    code: str
    severity: Literal["info", "warning", "error"]
    message: str
    suggestion: str
    overrides: Annotated[
        dict[str, dict[str, Any]] | None, Field(description="those of a fork that follows the suggestion; null if no fork can")
    ]


class DiagnosticsOut(BaseModel):
    """What was found at a checkpoint on the run's own data; what has no meaning for a model is null or empty."""

    object: Literal["diagnostics"] = "diagnostics"
    run: str
    checkpoint: str
    step: int
    examples: Annotated[int, Field(description="all examples of the run's data, held-out ones included; characters of a text")]
    gradient_check: GradientCheckOut
    dead_units: list[DeadUnitsOut]
    update_ratio: Annotated[float | None, Field(description="length of the last measured update over that of the parameters")]
    first_loss: Annotated[FirstLossOut | None, Field(description="null if the initial scores were not meant to be small")]
    accuracy: float | None
    classes: list[str | int] | None
    confusion_matrix: Annotated[list[list[int]] | None, Field(description="row: true class, column: predicted class")]
    per_class: list[ClassOut] | None
    hints: Annotated[list[HintOut], Field(description="from these measures and the run's curves, the most serious first")]


@router.get("/diagnostics")
def diagnostics(run_id: RunId, server: Server, patience: Turn, checkpoint: AtCheckpoint = "latest") -> DiagnosticsOut:
    """Check gradient, units, first loss and mistakes of a checkpoint, and say in plain language what to try."""
    found = asdict(diagnose(server.database, server.models, run_id, checkpoint, patience))
    where = found.pop("checkpoint")
    return DiagnosticsOut(run=run_id, checkpoint=where["id"], step=where["step"], **found)
