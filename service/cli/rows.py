"""Rows of features, from flags or from a CSV file."""

import csv
import sys
from pathlib import Path

import typer

from service.cli.codes import ExitCode
from service.cli.talk import fail

Row = list[float]


def from_flags(texts: list[str]) -> list[Row]:
    """Read `--input 0.5,0.2` for each row."""
    try:
        return [[float(value) for value in text.split(",")] for text in texts]
    except ValueError as error:
        raise typer.BadParameter(f"{error}; expected numbers with commas, such as 0.5,0.2", param_hint="--input") from None


def from_file(name: str) -> tuple[list[str] | None, list[Row]]:
    """Read a CSV file, or stdin if it is called -: the header, if the first line is one, and the rows."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8-sig")
    except OSError as error:
        fail(f"cannot read {name}: {error.strerror}", ExitCode.USAGE)
    except UnicodeDecodeError:
        fail(f"{name} is not text in UTF-8", ExitCode.USAGE)
    lines = [(i, line) for i, line in enumerate(csv.reader(text.splitlines()), 1) if line]
    header = None
    if lines and not any(_is_number(cell) for cell in lines[0][1]):
        header = [cell.strip() for cell in lines.pop(0)[1]]
    if not lines:
        fail(f"{name} has no rows", ExitCode.USAGE)
    return header, [_row(name, i, line) for i, line in lines]


def in_order(header: list[str], features: list[str], rows: list[Row]) -> list[Row]:
    """Return the rows with their columns in the order of the model's features."""
    if sorted(header) != sorted(features):
        fail(f"the header is {', '.join(header)}; the model was trained on {', '.join(features)}", ExitCode.USAGE)
    order = [header.index(feature) for feature in features]
    for i, row in enumerate(rows, 2):
        if len(row) != len(header):
            fail(f"row {i} has {len(row)} columns, the header has {len(header)}", ExitCode.USAGE)
    return [[row[column] for column in order] for row in rows]


def _row(name: str, i: int, line: list[str]) -> Row:
    for column, cell in enumerate(line, 1):
        if not _is_number(cell):
            fail(f"{name}, row {i}, column {column}: {cell!r} is not a number", ExitCode.USAGE)
    return [float(cell) for cell in line]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
