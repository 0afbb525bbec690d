"""/v1/runs/{id}/decision-boundary and boundary.svg: what a model of two features answers everywhere."""

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from core.data.dataset import spread
from service.api.deps import RunId, Server
from service.api.export import AtCheckpoint
from service.api.large import Turn
from service.api.pictures import HEADERS, PICTURE, SVG, scatter
from service.runs.boundary import Boundary
from service.runs.boundary import boundary as predict_grid

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["models"])

DIGITS = 6  # of a probability
Resolution = Annotated[int, Query(ge=2, le=300, description="points of the grid along each axis")]
Margin = Annotated[
    float,
    Query(ge=0, le=10, allow_inf_nan=False, description="how far the grid goes beyond the data, as a share of their range"),
]
MOST_EXAMPLES = 2000


class ExamplesOut(BaseModel):
    """The run's examples, each as it came; of more than 2,000 so many, evenly chosen."""

    x: list[float]
    y: list[float]
    label: Annotated[list[int], Field(description="position in `classes` of the true class")]
    held_out: Annotated[list[bool], Field(description="true: it was not trained on")]
    total: Annotated[int, Field(description="how many there are")]


class BoundaryOut(BaseModel):
    """The answers of a model on a grid; the first index is that of y, the second that of x."""

    object: Literal["decision_boundary"] = "decision_boundary"
    run: str
    checkpoint: str
    step: int
    features: Annotated[list[str], Field(min_length=2, max_length=2, description="names of the axes x and y")]
    classes: list[str | int]
    x: Annotated[list[float], Field(description="values of the first feature, rising")]
    y: Annotated[list[float], Field(description="values of the second feature, rising")]
    predicted: Annotated[list[list[int]], Field(description="at `y[i]`, `x[j]`: position in `classes` of what is predicted")]
    probability: Annotated[
        list[list[float]] | None, Field(description="of the predicted class, 6 digits; null for svm, which has none")
    ]
    examples: Annotated[ExamplesOut | None, Field(description="null unless they were asked for")]


@router.get(
    "/decision-boundary",
    response_model=BoundaryOut,
)
def decision_boundary(
    run_id: RunId,
    server: Server,
    patience: Turn,
    checkpoint: AtCheckpoint = "latest",
    resolution: Resolution = 100,
    margin: Margin = 0.1,
    examples: Annotated[bool, Query(description="add the run's examples, to draw them over it")] = False,  # noqa: FBT002
) -> Response:
    """Predict a grid over the range of the run's data, for models that read two features."""
    asked = (server.database, server.models, run_id, checkpoint)
    found = predict_grid(*asked, resolution=resolution, margin=margin, patience=patience)
    body = {
        "object": "decision_boundary",
        "run": run_id,
        "checkpoint": found.checkpoint.id,
        "step": found.checkpoint.step,
        "features": found.data.features,
        "classes": found.data.classes,
        "x": found.x.tolist(),
        "y": found.y.tolist(),
        "predicted": found.predicted.tolist(),
        "probability": None if found.probability is None else found.probability.round(DIGITS).tolist(),
        "examples": _examples(found) if examples else None,
    }
    return Response(to_json(body), media_type="application/json")


def _examples(found: Boundary) -> dict[str, Any]:
    data = found.data
    rows = spread(len(data), MOST_EXAMPLES)
    (x, y), labels, held_out = data.X[rows].T, data.y[rows], np.isin(rows, found.held_out)
    return {"x": x.tolist(), "y": y.tolist(), "label": labels.tolist(), "held_out": held_out.tolist(), "total": len(data)}


@router.get("/boundary.svg", response_class=Response, responses=PICTURE)
def plot_boundary(
    run_id: RunId,
    server: Server,
    patience: Turn,
    checkpoint: AtCheckpoint = "latest",
    resolution: Resolution = 200,
    margin: Margin = 0.1,
) -> Response:
    """Draw the regions of the classes under the examples; those that were held out are hollow."""
    asked = (server.database, server.models, run_id, checkpoint)
    found = predict_grid(*asked, resolution=resolution, margin=margin, patience=patience)
    return Response(_picture(found), media_type=SVG, headers=HEADERS)


def _picture(found: Boundary) -> str:
    data = found.data
    examples = scatter.Examples(
        data.X[:, 0], data.X[:, 1], (data.features[0], data.features[1]), data.y, data.classes, found.held_out
    )
    regions = scatter.Regions(found.x, found.y, found.predicted)
    hollow = ", hollow: held out" if len(found.held_out) else ""
    return scatter.draw(found.run.name or found.run.id, examples, regions, f"step {found.checkpoint.step:,}{hollow}")
