"""Query parameters are strict for all routes under /v1: what a route does not know, or has once already, is refused."""

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from core.errors import short
from core.fields import unknown
from service.errors import FieldProblem, InvalidInput

MOST = 20
"""Bad parameters that are told."""


async def strict_query(request: Request) -> None:
    """Refuse query parameters that FastAPI would drop."""
    if not request.query_params or not request.url.path.startswith("/v1/"):
        return
    known = _known(request.scope["route"])
    names = [name for name, _ in request.query_params.multi_items()]
    problems: list[FieldProblem] = []
    for name in dict.fromkeys(names):
        if len(problems) == MOST:
            break
        if name not in known:
            detail = f"query.{short(name)} {unknown(name, tuple(known), 'parameter')}"
            problems.append(FieldProblem(("query", name), detail, tuple(known)))
        elif names.count(name) > 1 and not known[name]:
            problems.append(FieldProblem(("query", name), f"query.{name} came {names.count(name)} times, expected once"))
    if problems:
        raise InvalidInput(*problems)


def _known(route: APIRoute) -> dict[str, bool]:
    """Return the parameters of a route, and whether each may come more than once."""
    parameters = [field for field in get_flat_params(route.dependant) if isinstance(field.field_info, Query)]
    return {field.alias: "list[" in str(field.field_info.annotation) for field in parameters}
