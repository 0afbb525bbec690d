"""The OpenAPI document: FastAPI's, made as strict as the routes are, with links between them."""

from threading import Lock
from typing import Any

from fastapi import FastAPI

from service.api import links
from service.api.errors import TITLES
from service.api.openinference import document as openinference
from service.api.problems import Problem

PROBLEM = "#/components/schemas/Problem"

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": title} for status, title in TITLES.items() if status not in (405, 406, 500)
}
"""What any route may answer beside success."""


def install(app: FastAPI) -> None:
    """Let `/openapi.json` say what FastAPI does not. It is made at its first use, which may be in any thread."""
    plain, lock = app.openapi, Lock()
    made: dict[str, Any] | None = None

    def openapi() -> dict[str, Any]:
        nonlocal made
        with lock:
            if made is None:
                made = _corrected(plain())
        return made

    app.openapi = openapi  # type: ignore[method-assign]


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    """Return FastAPI's document as this service means it."""
    for methods in document["paths"].values():
        for operation in methods.values():
            _correct(operation)
    for name, schema in document["components"]["schemas"].items():
        if name.startswith("Body_"):  # a form
            schema["additionalProperties"] = False
    document["paths"].update(openinference.paths())
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"key": []}]  # {}: a server without keys asks for none
    links.add(document)
    return document


def _correct(operation: dict[str, Any]) -> None:
    """Name the media type of problem documents, and let no parameter be null: it is left out, and `null` is a word."""
    for response in operation["responses"].values():
        content = response.get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref") == PROBLEM:
            content["application/problem+json"] = content.pop("application/json")
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"]
        present = [member for member in schema.get("anyOf", []) if member != {"type": "null"}]
        if len(present) == 1:
            del schema["anyOf"]
            schema |= present[0]
