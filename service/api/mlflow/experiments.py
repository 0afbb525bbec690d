"""Experiments: there is one, which holds all runs."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel

from service.api.mlflow.protocol import EXPERIMENT_ID, EXPERIMENT_NAME, PREFIX, make_router, must_be_ours, reply
from service.errors import FieldProblem, InvalidInput, NotFound

router = make_router(f"{PREFIX}/experiments")

EXPERIMENT: dict[str, Any] = {
    "experiment_id": EXPERIMENT_ID,
    "name": EXPERIMENT_NAME,
    "artifact_location": "mlflow-artifacts:/",
    "lifecycle_stage": "active",
    "tags": [],
}


class Search(BaseModel):
    """Which experiments to list. Their order and the size of a page do not matter: there is one."""

    filter: str = ""
    view_type: str = "ACTIVE_ONLY"


@router.get("/get")
def get_experiment(experiment_id: Annotated[str, Query()]) -> Response:
    """Return the experiment by its id."""
    must_be_ours(experiment_id)
    return reply({"experiment": EXPERIMENT})


@router.get("/get-by-name")
def get_by_name(experiment_name: Annotated[str, Query()]) -> Response:
    """Return the experiment by its name."""
    if experiment_name != EXPERIMENT_NAME:
        raise NotFound("experiment", experiment_name)
    return reply({"experiment": EXPERIMENT})


@router.post("/search")
def search_experiments(body: Search) -> Response:
    """List the experiment."""
    if body.filter.strip():
        detail = f"filter cannot be used: this server has one experiment, {EXPERIMENT_NAME!r} with the id {EXPERIMENT_ID!r}"
        raise InvalidInput(FieldProblem(("filter",), detail))
    return reply({"experiments": [] if body.view_type == "DELETED_ONLY" else [EXPERIMENT]})
