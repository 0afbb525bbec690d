"""Read frozen dataclasses from plain JSON values, strictly, naming the path of whatever is wrong.

A spec is a dataclass whose fields carry `Annotated[type, Limits(...)]`. The same annotations make the HTTP schema
(`service/api/schemas.py`), so the limits, the defaults and the documentation of a field are written once.
"""

import dataclasses
import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from core.errors import SpecError

Path = tuple[str | int, ...]
# UTF-8 has no lone surrogates, Postgres takes no NUL, and a log or a terminal should not obey control characters.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds and meaning of a field; for a list, `ge` and `le` hold for each item and `max_length` for the list."""

    doc: str = ""
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    max_length: int | None = None

    def problem(self, value: float) -> str | None:
        """Say what is wrong with a number, or None."""
        if not -math.inf < value < math.inf:  # unlike isfinite, takes an integer too large for a float
            return "must be a finite number"
        if self.ge is not None and value < self.ge:
            return f"must be at least {plain(self.ge)}"
        if self.gt is not None and value <= self.gt:
            return f"must be greater than {plain(self.gt)}"
        if self.le is not None and value > self.le:
            return f"must be at most {plain(self.le)}"
        if self.lt is not None and value >= self.lt:
            return f"must be less than {plain(self.lt)}"
        return None


@cache
def hints(cls: type) -> dict[str, Any]:
    """Return the annotations of a dataclass with `Annotated` kept."""
    return get_type_hints(cls, include_extras=True)


def split(annotation: Any) -> tuple[Any, Limits]:
    """Take an annotation apart into its bare type and its limits."""
    if get_origin(annotation) is Annotated:
        bare, *extras = get_args(annotation)
        return bare, next((e for e in extras if isinstance(e, Limits)), Limits())
    return annotation, Limits()


class Accepts(NamedTuple):
    """What a field takes: its type without None, or the specs of which it holds one, and its limits."""

    bare: Any
    specs: list[Any]
    nullable: bool
    limits: Limits
    required: bool


@cache
def _accepted(cls: type) -> dict[str, Accepts]:
    """Return what each field of a dataclass takes; to look at the annotations each time doubles what reading costs."""
    return {field.name: _accepts(hints(cls)[field.name], field) for field in dataclasses.fields(cls)}


def _accepts(annotation: Any, field: "dataclasses.Field[Any]") -> Accepts:
    bare, limits = split(annotation)
    required = field.default is field.default_factory is dataclasses.MISSING
    if get_origin(bare) not in (Union, UnionType):
        return Accepts(bare, [], bare is NoneType, limits, required)
    present = [choice for choice in get_args(bare) if choice is not NoneType]
    specs = present if len(present) > 1 else []
    return Accepts(present[0], specs, NoneType in get_args(bare), limits, required)


def read(cls: type[S], value: object, path: Path = ()) -> S:
    """Build `cls` from a JSON object; raise SpecError for a missing, unknown or bad field."""
    if not isinstance(value, dict):
        raise SpecError(path, f"is {show(value)}, must be an object")
    fields = _accepted(cls)  # type: ignore[arg-type]  # mypy does not know that every class is hashable
    for name in value:
        if name not in fields:
            named = name if isinstance(name, str) and name.isprintable() else show(name)  # half a surrogate is no text
            raise SpecError((*path, named), unknown(named, tuple(fields)), tuple(fields))
    for name, accepts in fields.items():
        if name not in value and accepts.required:
            raise SpecError((*path, name), "is missing")
    return cls(**{name: _value(fields[name], item, (*path, name)) for name, item in value.items()})


def _value(accepts: Accepts, value: object, path: Path) -> Any:
    bare = accepts.bare
    if value is None and accepts.nullable:
        return None
    if bare is NoneType:
        raise SpecError(path, f"is {show(value)}, must be null")
    if accepts.specs:
        return read(choose(accepts.specs, value, path), value, path)
    if dataclasses.is_dataclass(bare):
        return read(bare, value, path)  # type: ignore[arg-type]
    if get_origin(bare) is Literal:
        if value not in get_args(bare):
            raise SpecError(path, f"is {show(value)}, must be one of {', '.join(map(str, get_args(bare)))}")
        return value
    if get_origin(bare) is tuple:
        return _items(get_args(bare)[0], accepts.limits, value, path)
    return _scalar(bare, accepts.limits, value, path)


def choose(specs: list[Any], value: object, path: Path) -> Any:
    """Pick the dataclass whose `kind` the value names."""
    kinds = {hints(spec)["kind"].__args__[0]: spec for spec in specs}
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise SpecError((*path, "kind"), f"is {show(kind)}, must be one of {', '.join(kinds)}")
    return kinds[kind]


def _items(annotation: Any, limits: Limits, value: object, path: Path) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise SpecError(path, f"is {show(value)}, must be a list")
    if limits.max_length is not None and len(value) > limits.max_length:
        raise SpecError(path, f"has {len(value)} items, must have at most {limits.max_length}")
    return tuple(_scalar(annotation, limits, item, (*path, i)) for i, item in enumerate(value))


def _scalar(bare: Any, limits: Limits, value: object, path: Path) -> Any:
    names = {int: "an integer", float: "a number", bool: "true or false", str: "a string"}
    accepted = (int, float) if bare is float else (bare,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and bare is not bool):
        raise SpecError(path, f"is {show(value)}, must be {names[bare]}")
    if isinstance(value, int | float) and not isinstance(value, bool) and (problem := limits.problem(value)):
        raise SpecError(path, f"is {show(value)}, {problem}")
    return float(value) if bare is float and isinstance(value, int | float) else value


def unknown(name: str, known: Sequence[str], noun: str = "field") -> str:
    """Say of a name that it is none of those which are known, and which may have been meant."""
    near = difflib.get_close_matches(name[:100], known, n=1)
    return f"is not a known {noun}, " + (f"did you mean {near[0]}?" if near else f"expected {', '.join(known) or 'none'}")


def plain(bound: float) -> str:
    """Write a bound; a whole number with all its digits."""
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


def printable(text: str) -> bool:
    """Tell whether a text can be a name: it has no control character (C0, DEL, C1), nor half a surrogate pair."""
    return UNPRINTABLE.search(text) is None


def show(value: object) -> str:
    """Show a value in a message, shortened."""
    text = repr(value[:61] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "…"
