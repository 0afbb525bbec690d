"""Pages of a list: has_more, first and last id, and a Link header to the first and the next."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import URL


def paged(request: Request, response: Response, found: Sequence[Any], limit: int) -> dict[str, Any]:
    """Make the page of up to `limit` objects, given one more than that if there are more."""
    data, more = list(found[:limit]), len(found) > limit
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    links = {"first": request.url.remove_query_params("after")}
    if more:
        links["next"] = request.url.include_query_params(after=last)
    response.headers["Link"] = ", ".join(f'<{_path(url)}>; rel="{rel}"' for rel, url in links.items())
    return {"data": data, "has_more": more, "first_id": first, "last_id": last}


def _path(url: URL) -> str:
    return f"{url.path}?{url.query}" if url.query else url.path
