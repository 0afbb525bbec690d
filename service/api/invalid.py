"""What pydantic refused, in the words of the contract: where it is in the request, what came, what was expected."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from starlette.datastructures import UploadFile

from core.errors import dotted, short
from core.fields import show
from service.api.known import stray

MUST = {
    "dict_type": "must be an object",
    "model_attributes_type": "must be an object",
    "none_required": "must be null",
    "string_unicode": "must not contain half a surrogate pair",
}


def field_error(item: Any, body: Any, model: type[BaseModel] | None = None) -> dict[str, Any]:
    """Describe one of pydantic's errors about a body of a model: `training.steps is 'x', must be a valid integer`."""
    source, *loc = item["loc"]
    path, at = _in_body(loc, body) if source == "body" else ([source, *loc], None)
    name = dotted(tuple(path)) or "the body"
    if isinstance(at, Mapping) and isinstance(item["input"], str):  # not the value there, but the name of something in it
        return told(path, f"a key in {name} is {shown(item['input'])}, {_must(item)}")
    if item["type"] == "missing":
        return told(path, f"{name} is missing")
    if item["type"] == "extra_forbidden" and model is not None:
        detail, known = stray(path, body, model)
        return told(path, f"{name} {detail}", known)
    if item["type"] == "union_tag_not_found":
        return told([*path, "kind"], f"{name}.kind is missing")
    if item["type"] == "union_tag_invalid":
        allowed = [tag.strip(" '") for tag in item["ctx"]["expected_tags"].split(",")]
        detail = f"{name}.kind is {shown(item['input']['kind'])}, must be one of {', '.join(allowed)}"
        return told([*path, "kind"], detail, allowed)
    return told(path, f"{name} is {shown(item['input'])}, {_must(item)}")


def told(path: Iterable[str | int], detail: str, allowed: Sequence[str] | None = None) -> dict[str, Any]:
    """Return a bad field as a problem document has it."""
    return {"pointer": pointer(path), "detail": detail} | ({} if allowed is None else {"allowed": list(allowed)})


def _must(item: Any) -> str:
    """Say what was expected: pydantic's sentence without its Python."""
    if item["type"] in MUST:
        return MUST[item["type"]]
    text = item["msg"].removeprefix("Value error, ").partition(" after validation")[0]
    text = text.replace("greater than or equal to", "at least").replace("less than or equal to", "at most")
    return "must be a file" if "UploadFile" in text else re.sub(r"^\w+ should", "must", text)


def shown(value: object) -> str:
    """Show what came; of a list or an object only what it is."""
    if isinstance(value, list):
        return f"a list of {len(value)} items"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, UploadFile):
        return "a file"
    return "an object" if isinstance(value, dict) else show(value)


def _in_body(loc: Iterable[str | int], body: Any) -> tuple[list[str | int], Any]:
    """Return the path of a location in a request and what stands there.

    What pydantic adds is dropped: the tags by which it tells the members of a union apart, and "[key]" after a bad key.
    """
    path: list[str | int] = []
    steps = list(loc)
    for i, step in enumerate(steps):
        last = i == len(steps) - 1
        if isinstance(body, Mapping) and body.get("kind") == step and not (last and step in body):
            continue
        if last and step == "[key]" and not isinstance(body, Mapping):
            return path[:-1], {}
        path.append(step)
        inside = step in body if isinstance(body, Mapping) else isinstance(body, list) and isinstance(step, int)
        body = body[step] if inside else None
    return path, body


def pointer(path: Iterable[str | int]) -> str:
    """Write a path as a JSON pointer in a fragment: #/training/steps."""
    return "#" + "".join("/" + short(str(part)).replace("~", "~0").replace("/", "~1") for part in path)
