"""The fields that a request body may have, by the schema of its model: looked up when one came that it has not."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from core.errors import dotted
from core.fields import unknown

Path = tuple[str | int, ...]
Schema = dict[str, Any]

FEW = 2  # places that a name may have, to be told: `kind` has one in every part


def stray(path: Sequence[str | int], body: object, model: type[BaseModel]) -> tuple[str, list[str]]:
    """Say of a field that has no place where it stands, which may have been meant; return those that have one there."""
    *parents, name = path
    objects = dict(_objects(_schema(model), _schema(model), body))
    known = objects.get(tuple(parents), [])
    places = [dotted((*at, name)) for at, fields in objects.items() if name in fields]
    if 0 < len(places) <= FEW:
        return f"is not a known field, but {' and '.join(places)} {'is' if len(places) == 1 else 'are'}", known
    return unknown(str(name), known), known


@cache
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _objects(root: Schema, schema: Schema, value: object, at: Path = ()) -> Iterator[tuple[Path, list[str]]]:
    """Yield for each object that a body may have where it stands, and its fields."""
    given = value if isinstance(value, Mapping) else {}
    fields = _fields(root, schema, given.get("kind"))
    if fields:
        yield at, list(fields)
    for name, inner in fields.items():
        yield from _objects(root, inner, given.get(name), (*at, name))


def _fields(root: Schema, schema: Schema, kind: object) -> dict[str, Schema]:
    """Return the fields of an object: of several kinds those of the kind that came, or of all if none came."""
    if "$ref" in schema:
        return _fields(root, root["$defs"][schema["$ref"].rpartition("/")[2]], kind)
    kinds = schema.get("discriminator", {}).get("mapping", {})
    if isinstance(kind, str) and kind in kinds:
        return _fields(root, {"$ref": kinds[kind]}, kind)
    found: dict[str, Schema] = dict(schema.get("properties", {}))
    for member in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= _fields(root, member, kind)
    return found
