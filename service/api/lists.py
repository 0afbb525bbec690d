"""Pages of a list: has_more, first and last id, and a Link header to the next."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response


def paged(request: Request, response: Response, found: Sequence[Any], limit: int) -> dict[str, Any]:
    """Make the page of up to `limit` objects, given one more than that if there are more."""
    data, more = list(found[:limit]), len(found) > limit
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    if more:
        url = request.url.include_query_params(after=last)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return {"data": data, "has_more": more, "first_id": first, "last_id": last}
