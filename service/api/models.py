"""/v1/runs/{id}/…: use what a run has learned, also while it still trains."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api.answers import EvaluateOut, PredictOut
from service.api.deps import Limit, RunId, Server
from service.api.large import Turn, turn_of
from service.api.lists import page_of
from service.api.quick_json import QuickJson
from service.api.ready import answer, ready, shown
from service.api.responses import CheckpointList
from service.api.schemas import EvaluateRequest, PredictRequest
from service.api.views import checkpoint_outs
from service.runs import predict as use
from service.runs.evaluate import evaluate as measure

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["models"], route_class=QuickJson)


AfterCheckpoint = Annotated[
    str | None,
    Query(max_length=60, pattern="^(ckpt_[0-9a-z]+|[0-9]{1,18})$", description="step or id of the last of the page before"),
]
CheckpointOrder = Annotated[Literal["asc", "desc"], Query(description="`asc`: the first step first")]


@router.get("/checkpoints", response_model=CheckpointList)
def list_checkpoints(
    run_id: RunId,
    request: Request,
    response: Response,
    server: Server,
    after: AfterCheckpoint = None,
    limit: Limit = 1000,
    order: CheckpointOrder = "asc",
) -> Any:
    """List the checkpoints of a run; `latest` and `best` are names that can be used for them."""
    found = use.checkpoints_of(server.database, run_id, after, limit, order)
    shown = checkpoint_outs(found.rows, found.named)
    return page_of(request, response, shown, shown[-1].step if found.more else None)


@router.post("/predict", response_model=PredictOut)
async def predict(run_id: RunId, body: PredictRequest, request: Request, server: Server) -> Response:
    """Classify examples with a checkpoint of the run."""
    if body.checkpoint == "latest":
        _, model = await ready(server, run_id, None)
        return await answer(request, model, body.inputs, {"run": run_id})
    asked = (run_id, body.inputs, body.checkpoint)
    async with turn_of(request, server.turns) as patience:
        return shown(await run_in_threadpool(use.predict, server.database, server.models, *asked, patience), {"run": run_id})


@router.post("/evaluate")
def evaluate(run_id: RunId, body: EvaluateRequest, server: Server, patience: Turn) -> EvaluateOut:
    """Measure a checkpoint on a dataset; by default on all examples of the run's own."""
    found = measure(server.database, server.settings, server.models, run_id, body.dataset, body.checkpoint, patience)
    shown = {name: value for name, value in vars(found).items() if name != "checkpoint"}
    return EvaluateOut(run=run_id, checkpoint=found.checkpoint.id, step=found.checkpoint.step, **shown)
