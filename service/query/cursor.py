"""The place after a run in an order, as a text that a client hands back: it holds also if that run changes or is deleted."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from service.errors import FieldProblem, InvalidInput
from service.query.terms import Kind, Ordering, Param
from service.query.tokens import unfit

PREFIX = "at_"
TYPES: dict[Kind, tuple[type, ...]] = {"text": (str,), "number": (int, float), "time": (datetime,), "any": ()}


def kinds(keys: Sequence[Ordering]) -> list[Kind]:
    """Return the kinds of what is compared for an order; a param is compared as a number, then as a text."""
    return [kind for key in keys for kind in (("number", "text") if isinstance(key.field, Param) else (key.field.kind,))]


def name_of(keys: Sequence[Ordering]) -> str:
    """Name an order in few characters, however long its keys are."""
    return sha256("\n".join(map(str, keys)).encode()).hexdigest()[:16]


def write(keys: Sequence[Ordering], values: Sequence[Any], run_id: str) -> str:
    """Write the place after a run that has these values, one for each of `kinds`."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    place = json.dumps([name_of(keys), plain, run_id], separators=(",", ":"), ensure_ascii=False)
    return PREFIX + urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read(cursor: str, keys: Sequence[Ordering], name: str) -> tuple[list[Any], str]:
    """Return values and id of the run whose place it is; raise InvalidInput for what was not written for this order."""
    try:
        order, plain, run_id = json.loads(urlsafe_b64decode(cursor.removeprefix(PREFIX) + "=="))
        values = [
            datetime.fromisoformat(value).astimezone(UTC) if kind == "time" and value is not None else value
            for kind, value in zip(kinds(keys), plain, strict=True)
        ]
    except (ValueError, TypeError, RecursionError, OverflowError):  # the last: a time that leaves the calendar in UTC
        raise _bad(name) from None
    fitting = all(value is None or _is(value, kind) for kind, value in zip(kinds(keys), values, strict=True))
    if order != name_of(keys) or not fitting or not _is(run_id, "text"):
        raise _bad(name)
    return values, run_id


def _is(value: object, kind: Kind) -> bool:
    if isinstance(value, str) and any(map(unfit, value)):
        return False
    if isinstance(value, int) and (isinstance(value, bool) or not -(2**63) <= value < 2**63):
        return False
    return isinstance(value, TYPES[kind]) and value == value  # noqa: PLR0124 (NaN is not)


def _bad(name: str) -> InvalidInput:
    return InvalidInput(FieldProblem(("query", name), f"{name} is not what a page of this order gave for the next one"))
