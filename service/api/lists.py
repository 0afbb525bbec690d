"""Pages of a list: has_more, first and last id, and a Link header to the first and the next."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import URL


def paged(request: Request, response: Response, found: Sequence[Any], limit: int) -> dict[str, Any]:
    """Make the page of up to `limit` objects, given one more than that if there are more."""
    return page_after(request, response, list(found[:limit]), more=len(found) > limit)


def page_after(request: Request, response: Response, data: Sequence[Any], *, more: bool) -> dict[str, Any]:
    """Make a page of these objects; if there are more, the next one begins after the last id."""
    return page_of(request, response, data, data[-1].id if more else None)


def page_of(request: Request, response: Response, data: Sequence[Any], next_after: str | int | None) -> dict[str, Any]:
    """Make a page of these objects; `next_after` is what `after` of the next page is, None at the end."""
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    links = {"first": request.url.remove_query_params("after")}
    if next_after is not None:
        links["next"] = request.url.include_query_params(after=next_after)
    response.headers["Link"] = ", ".join(f'<{_path(url)}>; rel="{rel}"' for rel, url in links.items())
    page = {"data": data, "has_more": next_after is not None, "first_id": first, "last_id": last}
    return {**page, "next_after": next_after}


def _path(url: URL) -> str:
    return f"{url.path}?{url.query}" if url.query else url.path
