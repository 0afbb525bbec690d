"""The routes of the protocol in the OpenAPI document of the server."""

import inspect
import re
from typing import Any

from service.api.openinference.protocol import ROUTES
from service.api.openinference.tensors import DTYPES, INPUT

ANY: dict[str, Any] = {"schema": {"description": "as the Open Inference Protocol has it"}}
BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
ERROR = {
    "description": "an error, in the protocol's shape",
    "content": {
        "application/json": {
            "schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
        }
    },
}
PARAMETERS = {"name": "name of a model, or id of a run", "version": "number of a version, or step of a checkpoint of the run"}
TENSOR: dict[str, Any] = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"const": INPUT},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
        "datatype": {"enum": list(DTYPES)},
        "data": {"type": "array", "description": "numbers, flat or a list for each row; without it they follow as bytes"},
        "parameters": {"type": ["object", "null"]},
    },
}
ASKED: dict[str, Any] = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": ["string", "null"]},
        "inputs": {"type": "array", "items": TENSOR, "minItems": 1, "maxItems": 1},
    },
}
EXAMPLE = {"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [0.5, 0.2]}]}


def paths() -> dict[str, dict[str, Any]]:
    """Return the path items of all routes."""
    return {route.path: {route.method.lower(): _operation(route.path, route.endpoint)} for route in ROUTES}


def _operation(path: str, endpoint: Any) -> dict[str, Any]:
    name = endpoint.__name__.replace("_", " ")
    names = re.findall(r"{(\w+)}", path)
    answer: dict[str, Any] = {"application/json": ANY}
    operation: dict[str, Any] = {
        "tags": ["open inference protocol"],
        "summary": name.capitalize() + (" of a version" if "version" in names else ""),
        "description": inspect.getdoc(endpoint),
        "operationId": f"open_inference_{endpoint.__name__}" + ("_of_version" if "version" in names else ""),
        "parameters": [
            {"name": each, "in": "path", "required": True, "description": PARAMETERS[each], "schema": {"type": "string"}}
            for each in names
        ],
        "responses": {"200": {"description": "success", "content": answer}, "4XX": ERROR, "5XX": ERROR},
    }
    if path.endswith("/infer"):
        answer["application/octet-stream"] = BYTES
        asked = {"application/json": {"schema": ASKED, "example": EXAMPLE}, "application/octet-stream": BYTES}
        operation["requestBody"] = {"required": True, "content": asked}
    return operation
