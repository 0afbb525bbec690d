"""What files of every format must obey: how much they may hold, and which texts may name a feature or a class."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from core.fields import printable
from service.errors import ServiceError, TooLarge, UploadError

MAX_NAME_CHARS = 200


@dataclass(frozen=True)
class UploadLimits:
    """The most a dataset may hold: rows, feature columns, cells (rows times feature columns) and different labels."""

    max_rows: int = 1_000_000
    max_columns: int = 10_000
    max_cells: int = 20_000_000
    max_classes: int = 1_000

    def check(self, rows: int, columns: int) -> None:
        """Raise TooLarge if so many rows and feature columns are more than is allowed."""
        _check("rows", rows, self.max_rows)
        _check("columns", columns, self.max_columns)
        _check("cells", rows * columns, self.max_cells)

    def check_classes(self, classes: int) -> None:
        """Raise TooLarge if there are too many different labels: then they are most likely measurements."""
        _check("classes", classes, self.max_classes, "; labels must be classes: strings or integers that repeat")


def _check(what: str, number: int, most: int, hint: str = "") -> None:
    if number > most:
        raise TooLarge(f"the file has more than {most} {what}, the limit max_{what} of this server{hint}")


def short(value: object, most: int = 40) -> str:
    """Quote a value of the file for an error message, at most so many characters of it."""
    text = str(value)
    return repr(text if len(text) <= most else f"{text[: most - 1]}…")


def check_name(name: str, what: str, *, row: int | None = None, column: str | None = None) -> None:
    """Raise UploadError unless a text can name a feature or a class."""
    problem = (
        "is empty"
        if not name.strip()
        else f"is longer than {MAX_NAME_CHARS} characters"
        if len(name) > MAX_NAME_CHARS
        else "holds control characters"
        if not printable(name)
        else None
    )
    if problem:
        raise UploadError(f"{what} {short(name)} {problem}" if name.strip() else f"{what} {problem}", row=row, column=column)


def check_names(names: Sequence[str], what: str, *, row: int | None = None) -> None:
    """Raise UploadError unless every name can be used and none comes twice; `row` is the line in which they stand."""
    seen: set[str] = set()
    for i, name in enumerate(names, 1):
        check_name(name, f"the name of {what} {i}", row=row)
        if name in seen:
            raise UploadError(f"the name {short(name)} of {what} {i} is that of another one too", row=row)
        seen.add(name)


@contextmanager
def parsing(kind: str) -> Iterator[None]:
    """Turn all that a parser raises about damaged bytes into UploadError; our own errors and MemoryError pass."""
    try:
        yield
    except (ServiceError, MemoryError):
        raise
    except Exception as error:
        raise UploadError(f"the {kind} file is damaged or not {kind}: {short(error, 150)}") from error
