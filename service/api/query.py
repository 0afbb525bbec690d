"""Query parameters are strict for all routes under /v1: what a route does not know, or has once already, is refused."""

from typing import Any

from fastapi import Request

from service.errors import FieldProblem, InvalidInput


async def strict_query(request: Request) -> None:
    """Refuse query parameters that FastAPI would drop."""
    if not request.query_params or not request.url.path.startswith("/v1/"):
        return
    known = _known(request)
    names = [name for name, _ in request.query_params.multi_items()]
    problems = []
    for name in dict.fromkeys(names):
        if name not in known:
            expected = f"expected {', '.join(known)}" if known else "this route has none"
            problems.append(FieldProblem(("query", name), f"query.{name} is not a known parameter, {expected}", tuple(known)))
        elif names.count(name) > 1 and not known[name]:
            problems.append(FieldProblem(("query", name), f"query.{name} came {names.count(name)} times, expected once"))
    if problems:
        raise InvalidInput(*problems[:20])


def _known(request: Request) -> dict[str, bool]:
    """Return the parameters of a route as its documentation has them, and whether each may come more than once."""
    operation = request.app.openapi()["paths"][request.scope["route"].path_format][request.method.lower()]
    return {item["name"]: _many(item["schema"]) for item in operation.get("parameters", ()) if item["in"] == "query"}


def _many(schema: dict[str, Any]) -> bool:
    return any(choice.get("type") == "array" for choice in [schema, *schema.get("anyOf", ())])
