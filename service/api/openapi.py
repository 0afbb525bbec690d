"""The OpenAPI document: FastAPI's, with problem documents under the media type that they are sent as."""

from typing import Any

from fastapi import FastAPI

from service.api.errors import TITLES
from service.api.openinference import document as openinference
from service.api.problems import Problem

PROBLEM = "#/components/schemas/Problem"

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": title} for status, title in TITLES.items() if status not in (405, 406, 500)
}
"""What any route may answer beside success."""


def install(app: FastAPI) -> None:
    """Let `/openapi.json` say application/problem+json."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        for methods in document["paths"].values():
            for operation in methods.values():
                for response in operation["responses"].values():
                    content = response.get("content", {})
                    if content.get("application/json", {}).get("schema", {}).get("$ref") == PROBLEM:
                        content["application/problem+json"] = content.pop("application/json")
        document["paths"].update(openinference.paths())
        document.setdefault("components", {})["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{}, {"key": []}]  # {}: a server without keys asks for none
        return document

    app.openapi = openapi  # type: ignore[method-assign]
