"""The error body (RFC 9457)."""

from typing import Annotated

from pydantic import BaseModel, Field


class FieldErrorOut(BaseModel):
    """One bad field."""

    pointer: Annotated[str, Field(description="JSON pointer into the request: #/training/steps")]
    detail: str
    allowed: Annotated[list[str] | None, Field(description="what may stand there, of a kind, a field or a parameter")] = None


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    retryable: bool
    errors: list[FieldErrorOut] | None = None
    allowed: Annotated[list[str] | None, Field(description="what can be done instead, for an illegal transition")] = None
    row: Annotated[int | None, Field(description="row of an uploaded file; a CSV's header is row 1")] = None
    column: str | None = None
