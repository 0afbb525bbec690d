"""HTTP schemas out of the core's specs: fields, defaults, limits and documentation are written once, in `core/spec/`."""

import dataclasses
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, FailFast, Field, GetCoreSchemaHandler, create_model, model_validator
from pydantic_core import CoreSchema, core_schema

from core.fields import Limits, choose, hints, read, split

MOST_KEYS = 100
"""Keys of an object in a body; no object has as many fields."""


def few_keys(value: object) -> object:
    """Refuse an object of very many keys with one error: pydantic makes one for each key it refuses, in 18 µs."""
    if isinstance(value, dict) and len(value) > MOST_KEYS:
        raise ValueError(f"must have at most {MOST_KEYS} fields, has {len(value)}")
    return value


class Strict(BaseModel):
    """A request body: unknown fields, wrong types and numbers that are not finite are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _few(cls, value: object) -> object:
        return few_keys(value)


def _needs_kind(schema: dict[str, Any]) -> None:
    """Say that the kind, by which a spec is told from others, must be there, though it has but one value."""
    if "kind" in schema["properties"]:
        schema["required"] = sorted({"kind", *schema.get("required", ())})


class _Spec(Strict):
    model_config = ConfigDict(json_schema_extra=_needs_kind)


class FromSpec:
    """Makes pydantic accept JSON for a core spec (or a union of them), and hand on the spec itself.

    `model: Annotated[ModelSpec, FromSpec()]`
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate with the derived schema, then build the spec."""
        specs = list(get_args(source)) or [source]

        def build(value: BaseModel) -> Any:
            plain = value.model_dump()
            return read(choose(specs, plain, ()) if len(specs) > 1 else specs[0], plain)

        return core_schema.no_info_after_validator_function(build, handler.generate_schema(_annotation(source)))


@cache
def schema_of(spec: type) -> type[BaseModel]:
    """Return the pydantic model with the fields of a spec."""
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(spec):
        annotation = _annotation(hints(spec)[field.name])
        if field.default is not dataclasses.MISSING:
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            fields[field.name] = (annotation, default)
        else:
            fields[field.name] = (annotation, ...)
    model: type[BaseModel] = create_model(spec.__name__, __base__=_Spec, __doc__=spec.__doc__, **fields)
    return model


def _annotation(annotation: Any) -> Any:
    bare, limits = split(annotation)
    described = Field(description=limits.doc or None)
    members = get_args(bare)
    if get_origin(bare) in (Union, UnionType):
        specs = tuple(schema_of(member) for member in members if dataclasses.is_dataclass(member) and isinstance(member, type))
        if len(specs) > 1:
            either: Any = Annotated[Union[specs], Field(discriminator="kind")]  # noqa: UP007 (the members are made here)
            return Annotated[either | None, described] if NoneType in members else either
        (present,) = specs or [member for member in members if member is not NoneType]
        return Annotated[_either_none(present, limits), described]
    if isinstance(bare, type) and dataclasses.is_dataclass(bare):
        return schema_of(bare)
    if get_origin(bare) is tuple:
        return Annotated[_list_of(members[0], limits), described]
    if bare is NoneType or get_origin(bare) is Literal or bare is bool:
        return Annotated[bare, described]
    # With a bound, pydantic takes only text that UTF-8 can write: no half of a surrogate pair.
    return Annotated[bare, Field(min_length=0) if bare is str else _bounds(limits), described]


def _either_none(present: Any, limits: Limits) -> Any:
    return Annotated[present, _bounds(limits)] | None


def _list_of(item: Any, limits: Limits) -> Any:
    bounded: Any = Annotated[item, _bounds(limits)]
    return Annotated[list[bounded], FailFast(), Field(max_length=limits.max_length)]


def _bounds(limits: Limits) -> Any:
    return Field(ge=limits.ge, gt=limits.gt, le=limits.le, lt=limits.lt)
