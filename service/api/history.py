"""/v1/runs/{id}/loss-history and /metrics: curves as JSON, CSV, NDJSON or a picture, also while the run trains."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api import etags, streamed
from service.api import history_formats as formats
from service.api.deps import Parts, RunId, Server
from service.api.large import by_points
from service.api.negotiate import VARY, wanted
from service.api.pictures import HEADERS, PICTURE, SVG, curves
from service.api.problems import Problem
from service.api.responses import HistoryOut
from service.domain import LOSS_SERIES, SERIES, Run
from service.runs import control
from service.runs.chosen import Asked, Chosen, choose
from service.runs.history import History
from service.store.metrics import known_count

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["runs"])

Kind = Literal["loss_history", "metrics"]
Suffix = Literal["json", "csv", "ndjson", "svg"]
MEDIA: dict[Suffix, str] = {"json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson", "svg": SVG}
WRITE: dict[str, Callable[[Chosen, str], Iterator[bytes]]] = {
    MEDIA["json"]: formats.json,
    MEDIA["csv"]: formats.csv,
    MEDIA["ndjson"]: formats.ndjson,
}
POINTS_OF_A_PICTURE, MOST_OF_A_PICTURE = 1000, 50_000

FromStep = Annotated[int | None, Query(ge=0, le=10**9, description="leave out the points before this step")]
ToStep = Annotated[int | None, Query(ge=0, le=10**9, description="leave out the points after this step")]
MaxPoints = Annotated[
    int | None,
    Query(
        ge=2,
        le=10**7,
        description="choose so many points, or a few more: the ends, the lowest and the highest of each series, and all that "
        "are not finite are never left out; a picture shows 1000 if nothing is said, and 50,000 at most",
    ),
]
Log = Annotated[bool, Query(description="of a picture: logarithmic axes, where values are positive")]
AsSuffix = Annotated[Suffix, Path(description="the format: `json`, `csv`, `ndjson` or `svg`")]
HEADER = {
    "X-Total-Points": {"schema": {"type": "integer"}, "description": "points of the whole run"},
    "X-Downsampled": {"schema": {"type": "boolean"}, "description": "whether points were left out"},
    "ETag": {"schema": {"type": "string"}, "description": "changes with the run"},
}
FORMATS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media: {"schema": {"type": "string"}} for media in MEDIA.values() if media != MEDIA["json"]},
        "headers": HEADER,
    },
    304: {"description": "what `If-None-Match` names is still so"},
}
NEGOTIATED = {**FORMATS, 406: {"model": Problem, "description": "`Accept` names no format that there is"}}
PLOT: dict[int | str, dict[str, Any]] = {
    200: {**PICTURE[200], "headers": HEADER},
    304: FORMATS[304],
}


@dataclass(frozen=True)
class Selection:
    """The query parameters that these routes share."""

    from_step: int | None
    to_step: int | None
    max_points: int | None
    log: bool


async def _selection(  # a class, or a plain function, would cost each request a trip to a thread
    from_step: FromStep = None,
    to_step: ToStep = None,
    max_points: MaxPoints = None,
    log: Log = False,  # noqa: FBT002 (FastAPI reads it by name)
) -> Selection:
    return Selection(from_step, to_step, max_points, log)


Selected = Annotated[Selection, Depends(_selection)]


@router.get("/loss-history", response_model=HistoryOut, responses=NEGOTIATED)
async def loss_history(run_id: RunId, request: Request, server: Server, selected: Selected) -> Response:
    """Return the loss curve with its parts, in the format that `Accept` names; step 0 is the untrained model."""
    media = wanted(request, list(MEDIA.values()))
    return await _answer(server, request, run_id, "loss_history", media, selected, VARY)


@router.get("/loss-history.{suffix}", response_model=HistoryOut, responses=FORMATS)
async def loss_history_file(run_id: RunId, suffix: AsSuffix, request: Request, server: Server, selected: Selected) -> Response:
    """Return the loss curve in the format that the address names."""
    return await _answer(server, request, run_id, "loss_history", MEDIA[suffix], selected)


@router.get("/loss-history/plot.svg", response_class=Response, responses=PLOT)
@router.get("/plot.svg", response_class=Response, responses=PLOT)
async def plot_loss(run_id: RunId, request: Request, server: Server, selected: Selected) -> Response:
    """Draw the loss curve with its parts. NaN and infinities are gaps, marked at the upper edge."""
    return await _answer(server, request, run_id, "loss_history", SVG, selected)


@router.get("/metrics", response_model=HistoryOut, responses=NEGOTIATED)
async def metrics(run_id: RunId, request: Request, server: Server, selected: Selected) -> Response:
    """Return the curve of every series, in the format that `Accept` names."""
    media = wanted(request, list(MEDIA.values()))
    return await _answer(server, request, run_id, "metrics", media, selected, VARY)


@router.get("/metrics.{suffix}", response_model=HistoryOut, responses=FORMATS)
async def metrics_file(run_id: RunId, suffix: AsSuffix, request: Request, server: Server, selected: Selected) -> Response:
    """Return the curve of every series in the format that the address names."""
    return await _answer(server, request, run_id, "metrics", MEDIA[suffix], selected)


async def _answer(
    server: Parts,
    request: Request,
    run_id: str,
    kind: Kind,
    media: str,
    selected: Selection,
    headers: dict[str, str] | None = None,
) -> Response:
    headers = {"Cache-Control": "no-cache", **(headers or {})}  # which means: ask with If-None-Match
    if "if-none-match" in request.headers:
        tag = _tag(await run_in_threadpool(control.get, server.database, run_id), media)
        if etags.known(tag, ",".join(request.headers.getlist("if-none-match"))):
            return etags.not_modified(headers, tag)
    most = min(selected.max_points or POINTS_OF_A_PICTURE, MOST_OF_A_PICTURE) if media == SVG else selected.max_points
    series = LOSS_SERIES if kind == "loss_history" else SERIES
    asked = Asked(run_id, series, selected.from_step, selected.to_step, most)
    make = partial(_made, server, asked, kind, media, headers, logarithmic=selected.log)
    return await by_points(request, known_count(server.database, run_id), make)


def _made(
    server: Parts,
    asked: Asked,
    kind: Kind,
    media: str,
    headers: dict[str, str],
    over: Callable[[], bool],
    *,
    logarithmic: bool,
) -> Response:
    found = choose(server.database, asked, server.curves, over)
    headers = headers | {
        "ETag": _tag(found.run, media),
        "X-Total-Points": str(found.total_points),
        "X-Downsampled": str(found.downsampled).lower(),
    }
    if media == SVG:
        drawn = curves.draw(History.of(found), logarithmic=logarithmic)
        return Response(drawn, media_type=media, headers=headers | HEADERS)
    return streamed.answer(WRITE[media](found, kind), found.count, media, headers)


def _tag(run: Run, media: str) -> str:
    """Every point comes with an event, in one transaction: the number of the last event stands for all points."""
    return etags.tag_of(version("postgrad"), run.id, run.last_event, run.status, run.step, run.name, media)
