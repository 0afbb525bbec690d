"""/v1/runs: create, look, stop, delete."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator

from service.api.deps import ID, Limit, Order, RunId, Server
from service.api.lists import page_of, paged
from service.api.responses import EventList, RunList, RunOut, ValidateOut
from service.api.schemas import RunCreate, printable
from service.api.views import event_out, run_out
from service.domain import RunStatus
from service.errors import FieldProblem, InvalidInput
from service.query import parse_filter, parse_order
from service.runs import control
from service.runs.search import search
from service.runs.submit import check, submit
from service.store.runs import Filters

router = APIRouter(prefix="/v1/runs", tags=["runs"])

Tag = Annotated[str, AfterValidator(printable)]
Place = Annotated[
    str | None,
    Query(
        max_length=20_000,
        pattern="^([0-9a-z_]{1,60}|at_[0-9A-Za-z_-]+)$",
        description="`next_after` of the page before, or a run's id",
    ),
]


@router.post("", status_code=202)
def create_run(body: RunCreate, response: Response, server: Server) -> RunOut:
    """Store a run and queue it. It is trained as soon as a worker is free."""
    run = submit(server.database, server.settings, body.to_request())
    server.dispatcher.wake()
    response.headers["Location"] = f"/v1/runs/{run.id}"
    response.headers["Retry-After"] = "1"
    return run_out(run)


@router.post("/validate")
def validate_run(body: RunCreate, server: Server) -> ValidateOut:
    """Check a run and estimate its cost, without creating anything."""
    spec, data, cost = check(server.database, server.settings, body.to_request())
    plain = spec.to_dict()
    return ValidateOut(
        model=plain["model"],
        optimizer=plain["optimizer"],
        training=plain["training"],
        data=data.plain(),
        parameters=cost.parameters,
        memory_bytes=cost.memory_bytes,
        estimated_seconds=cost.seconds,
    )


@router.get("", response_model=RunList)
def list_runs(
    request: Request,
    response: Response,
    server: Server,
    status: Annotated[RunStatus | None, Query(description="where the runs are")] = None,
    model: Annotated[Literal["softmax", "svm", "mlp", "char_rnn"] | None, Query(description="kind of the model")] = None,
    dataset: Annotated[str | None, Query(max_length=60, pattern=ID, description="id of a kept dataset")] = None,
    tag: Annotated[list[Tag] | None, Query(max_length=10, description="`key:value`; all that are given must match")] = None,
    where: Annotated[str, Query(alias="filter", description="`metrics.loss < 0.1 and model.kind = 'mlp'`")] = "",
    order_by: Annotated[
        list[str] | None, Query(description="`metrics.loss ASC`; may be repeated. Without a value: last")
    ] = None,
    after: Place = None,
    limit: Limit = 20,
    order: Order = "desc",
) -> dict[str, Any]:
    """List runs, the newest first, or in the order of `order_by`."""
    keys = parse_order(order_by or [])
    filters = Filters(status=status, model=model, dataset_id=dataset, tags=_tags(tag or []), where=parse_filter(where))
    found = search(server.database, filters, keys, after=after, limit=limit, newest_first=order == "desc")
    return page_of(request, response, [run_out(run) for run in found.runs], found.next_after)


def _tags(given: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = [text.partition(":") for text in given]
    for i, (key, colon, _) in enumerate(pairs):
        if not (key and colon):
            raise InvalidInput(FieldProblem(("query", "tag", i), f"tag is {given[i]!r}, expected key:value"))
    return tuple((key, value) for key, _, value in pairs)


@router.get("/{run_id}")
def get_run(run_id: RunId, server: Server) -> RunOut:
    """Return a run as it stands."""
    return run_out(control.get(server.database, run_id))


@router.delete("/{run_id}", status_code=204)
def delete_run(run_id: RunId, server: Server) -> None:
    """Delete a run with its metrics, events and checkpoints; one that is running must be cancelled first."""
    control.delete(server.database, run_id)


@router.post("/{run_id}/cancel", responses={202: {"model": RunOut, "description": "its worker has been asked to stop"}})
def cancel_run(run_id: RunId, response: Response, server: Server) -> RunOut:
    """Stop a run and keep its checkpoints: 200 if it has stopped, 202 if its worker has been asked to."""
    run = control.cancel(server.database, run_id)
    response.status_code = 200 if run.terminal else 202
    return run_out(run)


@router.get("/{run_id}/events", response_model=EventList)
def list_events(
    run_id: RunId,
    request: Request,
    response: Response,
    server: Server,
    after: Annotated[int, Query(ge=0, le=2**31, description="number of the last event that is known")] = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List what happened to a run, in order."""
    found = control.event_page(server.database, run_id, after=after, limit=limit + 1)
    return paged(request, response, [event_out(event) for event in found], limit)
