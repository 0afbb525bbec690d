"""Runs: get, search, and the history of a metric."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, FailFast, Field

from service.api import streamed
from service.api.deps import Server
from service.api.large import by_points
from service.api.mlflow.protocol import EXPERIMENT_ID, PREFIX, make_router, reply
from service.api.mlflow.views import STATUSES, points_text, run_message
from service.errors import FieldProblem, InvalidInput, NotFound
from service.query import parse_filter, parse_order
from service.runs import follow
from service.runs.search import search
from service.store.metrics import known_count
from service.store.runs import Filters

router = make_router(PREFIX)

MOST_ON_A_PAGE = 1000
RUN_ID = re.compile("run_[0-9a-z]{1,60}")
RunId = Annotated[str | None, Query()]


class Search(BaseModel):
    """Which runs to list."""

    experiment_ids: Annotated[list[str], FailFast()] = []
    filter: str = ""
    run_view_type: str = "ACTIVE_ONLY"
    max_results: Annotated[int, Field(ge=1, le=50_000)] = 1000
    order_by: Annotated[list[str], FailFast()] = []
    page_token: str = ""


def of_run(run_id: str | None, run_uuid: str | None) -> str:
    """Return the id of a run by its new or its old name in the protocol; raise NotFound for what is none."""
    given = run_id or run_uuid
    if not given:
        raise InvalidInput(FieldProblem(("query", "run_id"), "run_id is missing"))
    if not RUN_ID.fullmatch(given):
        raise NotFound("run", given)
    return given


@router.get("/runs/get")
def get_run(server: Server, run_id: RunId = None, run_uuid: RunId = None) -> Response:
    """Return a run with the last value of each metric."""
    (followed,) = follow.latest(server.database, [follow.find(server.database, of_run(run_id, run_uuid))])
    return reply({"run": run_message(followed)})


@router.post("/runs/search")
def search_runs(body: Search, server: Server) -> Response:
    """List runs by a filter, in an order. A page has at most 1000, whatever was asked for; the token leads to the rest.

    A page that would have too many bytes has fewer.
    """
    where, keys = parse_filter(body.filter, statuses=STATUSES.values()), parse_order(body.order_by)
    token = body.page_token or None
    if token is not None and not keys and not RUN_ID.fullmatch(token):
        raise InvalidInput(FieldProblem(("page_token",), "page_token is not what a page of this search gave for the next one"))
    if EXPERIMENT_ID not in body.experiment_ids or body.run_view_type == "DELETED_ONLY":
        return reply({"runs": []})
    filters = Filters(where=where, words=STATUSES)
    limit, most_bytes = min(body.max_results, MOST_ON_A_PAGE), server.settings.max_page_bytes
    found = search(
        server.database, filters, keys, after=token, limit=limit, newest_first=True, most_bytes=most_bytes, name="page_token"
    )
    page: dict[str, Any] = {"runs": [run_message(one) for one in follow.latest(server.database, found.runs)]}
    return reply(page if found.next_after is None else {**page, "next_page_token": found.next_after})


@router.get("/metrics/get-history")
async def get_history(
    request: Request,
    server: Server,
    metric_key: Annotated[str, Query()],
    run_id: RunId = None,
    run_uuid: RunId = None,
    max_results: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    page_token: Annotated[str | None, Query(pattern="^[0-9]{0,18}$")] = None,
) -> Response:
    """Return the points of a series in the order of their steps; a series that is not there has none.

    A page has at most 50,000, whatever was asked for; without `max_results` all come in one answer.
    """
    known, after = of_run(run_id, run_uuid), int(page_token) if page_token else -1

    def make(over: Callable[[], bool]) -> Response:
        del over
        if max_results is None:
            pages = follow.all_points(server.database, known, metric_key, after_step=after)
            return streamed.answer(_whole(metric_key, pages), count, "application/json")
        limit = min(max_results, streamed.MOST_AT_ONCE)
        points, more = follow.points(server.database, known, metric_key, after_step=after, limit=limit)
        token = f', "next_page_token": "{points[-1].step}"' if more else ""
        return Response(f'{{"metrics": [{points_text(metric_key, points)}]{token}}}', media_type="application/json")

    count = known_count(server.database, known)
    return await by_points(request, count, make)


def _whole(key: str, pages: Iterator[list[follow.Timed]]) -> Iterator[bytes]:
    yield b'{"metrics": ['
    for i, points in enumerate(pages):
        yield ((", " if i else "") + points_text(key, points)).encode()
    yield b"]}"
