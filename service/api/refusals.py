"""A refusal before any route is reached, in the shape of the protocol that the path belongs to."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from service.api.errors import problem

Protocols = Mapping[str, Callable[[int, str], Response]]
"""What makes the errors of those paths that begin otherwise than ours."""


def refusal(
    protocols: Protocols, scope: Scope, status: int, detail: str, code: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Refuse a request: with a problem document, or as its protocol does, which has no place for the code."""
    made = next((made for prefix, made in protocols.items() if f"{scope['path']}/".startswith(prefix)), None)
    if made is None:
        return problem(Request(scope), status, detail, code, dict(headers or {}))
    response = made(status, detail)
    response.headers.update(headers or {})
    return response
