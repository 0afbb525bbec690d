"""/v1/datasets/preview: look at a synthetic dataset before it is made."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from core.spec import SyntheticSpec
from service.api.deps import Server
from service.api.from_spec import FromSpec, Strict
from service.api.large import LARGE
from service.runs.sketch import sketch

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])


class SketchRequest(Strict):
    """A synthetic dataset to look at."""

    model_config = ConfigDict(json_schema_extra={"example": {"parameters": {"kind": "moons", "noise": 0.2}, "limit": 500}})

    parameters: Annotated[SyntheticSpec, FromSpec()]
    limit: Annotated[int, Field(ge=1, le=2000, description="examples to show, spread evenly over all")] = 1000


class SketchOut(BaseModel):
    """What a synthetic dataset would hold; nothing was kept."""

    object: Literal["dataset_sketch"] = "dataset_sketch"
    features: list[str]
    classes: list[str | int]
    class_counts: list[int]
    rows: list[list[float]]
    labels: list[str | int]
    total_examples: int


@router.post("/preview", dependencies=[LARGE])
def sketch_dataset(body: SketchRequest, server: Server) -> SketchOut:
    """Show examples of a synthetic dataset, and keep nothing."""
    made = sketch(server.settings, body.parameters, body.limit)
    about, data = made.description, made.data
    return SketchOut(
        features=about.features,
        classes=about.classes,
        class_counts=about.class_counts,
        rows=data.X[made.shown].tolist(),
        labels=[data.classes[i] for i in data.y[made.shown]],
        total_examples=about.examples,
    )
