"""/v1/runs: create, look, stop, delete."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import AfterValidator, Field

from service.api import etags
from service.api.deps import ID, Limit, Order, RunId, Server
from service.api.lists import page_of
from service.api.prefer import Wait
from service.api.quick_json import QuickJson
from service.api.responses import RunList, RunOut, ValidateOut
from service.api.schemas import RunCreate, RunPatch
from service.api.views import runs_out
from service.api.waiting import FINISHED, Making, current
from service.api.words import Moment, printable
from service.domain import Run, RunStatus
from service.errors import FieldProblem, InvalidInput
from service.query import MAX_KEYS, parse_filter, parse_order
from service.runs import control
from service.runs.search import search
from service.runs.submit import check, submit
from service.runs.update import update
from service.store.runs import Filters
from service.store.unit import Transaction

router = APIRouter(prefix="/v1/runs", tags=["runs"], route_class=QuickJson)

Tag = Annotated[
    str,
    Field(json_schema_extra={"pattern": "^[^:\\x00-\\x1f\\x7f-\\x9f]+:[^\\x00-\\x1f\\x7f-\\x9f]*$"}),
    AfterValidator(printable),
]
Place = Annotated[
    str | None,
    Query(
        max_length=20_000,
        pattern="^([0-9a-z_]{1,60}|at_[0-9A-Za-z_-]+)$",
        description="`next_after` of the page before, or a run's id",
    ),
]
Since = Annotated[Moment | None, Query(description="a time with its zone: 2026-01-31T12:00:00Z; itself left out")]
IfNoneMatch = Annotated[str | None, Header(max_length=10_000, description="ETag of the version that is known")]
IfMatch = Annotated[str | None, Header(max_length=10_000, description="ETag of the version to change; 412 if it is another")]


@router.post("", status_code=202, response_model=RunOut, responses=FINISHED)
async def create_run(body: RunCreate, server: Server, making: Making) -> Any:
    """Store a run and queue it. It is trained as soon as a worker is free.

    With `Prefer: wait=N`, 201 and the run if it has ended within N seconds.
    """
    return await making.answer(lambda also: submit(server.database, server.settings, body.to_request(), also))


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
        points=cost.stored.points,
        points_bytes=cost.stored.points_bytes,
        checkpoints=cost.stored.checkpoints,
        checkpoints_bytes=cost.stored.checkpoints_bytes,
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
    created_after: Since = None,
    created_before: Since = None,
    where: Annotated[str, Query(alias="filter", description="`metrics.loss < 0.1 and model.kind = 'mlp'`")] = "",
    order_by: Annotated[
        list[str] | None,
        Query(
            description="`metrics.loss ASC`; may be repeated. Without a value: last", json_schema_extra={"maxItems": MAX_KEYS}
        ),
    ] = None,
    after: Place = None,
    limit: Limit = 20,
    order: Order = "desc",
) -> dict[str, Any]:
    """List runs, the newest first, or in the order of `order_by`."""
    keys = parse_order(order_by or [])
    filters = Filters(
        status=status,
        model=model,
        dataset_id=dataset,
        tags=_tags(tag or []),
        created_after=created_after,
        created_before=created_before,
        where=parse_filter(where),
    )
    most_bytes = server.settings.max_page_bytes
    found = search(
        server.database, filters, keys, after=after, limit=limit, newest_first=order == "desc", most_bytes=most_bytes
    )
    return page_of(request, response, server.shown(*found.runs), found.next_after)


def _tags(given: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = [text.partition(":") for text in given]
    for i, (key, colon, _) in enumerate(pairs):
        if not (key and colon):
            raise InvalidInput(FieldProblem(("query", "tag", i), f"tag is {given[i]!r}, expected key:value"))
    return tuple((key, value) for key, _, value in pairs)


@router.get("/{run_id}", response_model=RunOut, responses={304: {"description": "the client has this version already"}})
async def get_run(run_id: RunId, request: Request, server: Server, wait: Wait, if_none_match: IfNoneMatch = None) -> Any:
    """Return a run as it stands. With `Prefer: wait=N` the answer comes when the run has changed, or after N seconds."""
    return await current(server, request, run_id, wait, if_none_match)


@router.patch("/{run_id}", response_model=RunOut)
def update_run(run_id: RunId, body: RunPatch, server: Server, if_match: IfMatch = None) -> Any:
    """Change name, tags and priority of a run; what is left out stays."""

    def unchanged(db: Transaction, run: Run) -> None:
        etags.check(runs_out(db, [run], server.settings.workers)[0].model_dump_json(), if_match)

    changes = body.model_dump(exclude_unset=True)
    run = update(server.database, server.settings, run_id, changes, unchanged)
    return etags.response(server.shown(run)[0].model_dump_json())


@router.delete("/{run_id}", status_code=204)
def delete_run(run_id: RunId, server: Server) -> None:
    """Delete a run with its metrics, events and checkpoints; one that is running must be cancelled first."""
    control.delete(server.database, run_id)


@router.post("/{run_id}/cancel", responses={202: {"model": RunOut, "description": "its worker has been asked to stop"}})
def cancel_run(run_id: RunId, response: Response, server: Server) -> RunOut:
    """Stop a run and keep its checkpoints: 200 if it has stopped, 202 if its worker has been asked to."""
    run = control.cancel(server.database, run_id)
    response.status_code = 200 if run.terminal else 202
    return server.shown(run)[0]
