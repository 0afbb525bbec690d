"""Rules for texts and times in requests that no type says, and what the OpenAPI document says of them."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, JsonValue

from core import fields

PRINTABLE: dict[str, JsonValue] = {"pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$"}
"""The rule of `printable`, for the OpenAPI document; a pattern of pydantic's would be quoted to the client instead of words."""
NAMED: dict[str, JsonValue] = {"additionalProperties": False}  # of members whose names have that pattern


def printable(text: str) -> str:
    """Refuse control characters, which have no place in a name."""
    if not fields.printable(text):
        raise ValueError("must not contain control characters")
    return text


def dated(moment: object) -> object:
    """Refuse a number, or one as a text, which pydantic takes for the seconds since 1970."""
    if not (isinstance(moment, str) and re.match(r"\d{4}-\d\d-\d\d", moment)):
        raise ValueError("must be a date and a time: 2026-01-31T12:00:00Z")
    return moment


def in_utc(moment: datetime) -> datetime:
    """Refuse a time that leaves the calendar in UTC."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be in the years 1 to 9999 in UTC") from error


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(dated), AfterValidator(in_utc)]
"""A time with its zone, as a text."""
