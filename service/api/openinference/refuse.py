"""What is wrong with a request, in one sentence that names the place, what came and what was expected."""

from typing import Any

from service.api.invalid import shown
from service.errors import FieldProblem, InvalidInput


def refuse(detail: str) -> InvalidInput:
    """Return the error to raise."""
    return InvalidInput(FieldProblem((), detail))


def must(where: str, value: Any, expected: str) -> InvalidInput:
    """Return the error for a value that is not what was expected."""
    return refuse(f"{where} is {shown(value)}, must be {expected}")
