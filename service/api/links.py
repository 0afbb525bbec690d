"""Links of the OpenAPI document: what a response names, and the routes that take it."""

from collections.abc import Iterator
from typing import Any

ID = "$response.body#/id"
SOURCES: list[tuple[str, str, tuple[str, ...], dict[str, str]]] = [
    ("post", "/v1/runs", ("201", "202"), {"run_id": ID}),
    ("get", "/v1/runs", ("200",), {"run_id": "$response.body#/data/0/id"}),
    ("post", "/v1/runs/{run_id}/extend", ("201", "202"), {"run_id": ID}),
    ("post", "/v1/runs/{run_id}/fork", ("201", "202"), {"run_id": ID}),
    ("post", "/v1/runs/{run_id}/verify", ("201", "202"), {"run_id": ID}),
    (
        "get",
        "/v1/runs/{run_id}/checkpoints",
        ("200",),
        {"run_id": "$request.path.run_id", "checkpoint": "$response.body#/data/0/id"},
    ),
    ("post", "/v1/datasets", ("200", "201"), {"dataset_id": ID}),
    ("post", "/v1/datasets/upload", ("200", "201"), {"dataset_id": ID}),
    ("get", "/v1/datasets", ("200",), {"dataset_id": "$response.body#/data/0/id"}),
    (
        "put",
        "/v1/models/{name}/aliases/{alias}",
        ("200", "201"),
        {"name": "$request.path.name", "alias": "$request.path.alias", "version": "$response.body#/version"},
    ),
    ("get", "/v1/models", ("200",), {"name": "$response.body#/data/0/id"}),
]
"""Where names come from: method, path, statuses, and what of the exchange is the value of which parameter."""


def add(document: dict[str, Any]) -> None:
    """Link each source with the routes whose path it can fill; a program can walk them, and so does the fuzzer."""
    targets = list(_operations(document))
    for method, path, statuses, values in SOURCES:
        operation = document["paths"][path][method]
        for status in statuses:
            response = operation["responses"][status]
            response["links"] = {
                target["operationId"]: {"operationId": target["operationId"], "parameters": filled}
                for target in targets
                if (filled := _filled(target, values))
            }


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _filled(target: dict[str, Any], values: dict[str, str]) -> dict[str, str]:
    """Return the values for the parameters of a route; none if its path needs another one."""
    known = {parameter["name"]: parameter["in"] for parameter in target.get("parameters", [])}
    needed = {name for name, place in known.items() if place == "path"}
    if not needed or not needed <= values.keys() | {"suffix"}:
        return {}
    return {f"{known[name]}.{name}": value for name, value in values.items() if name in known}
