"""CSV: a header line, one label column, numbers in all others."""

import csv
import re
from array import array
from collections.abc import Iterator
from math import isfinite
from typing import BinaryIO, Self

import numpy as np

from core.data.dataset import LARGEST, Dataset, Label
from service.errors import UploadError
from service.runs.uploads.labels import label_position, labelled, text_labels
from service.runs.uploads.rules import UploadLimits, check_name, check_names, short

MAX_RECORD_BYTES = 1 << 20
DELIMITERS = ",;\t"


def read_csv(source: BinaryIO, label: str | None, limits: UploadLimits) -> Dataset:
    """Read UTF-8 text whose header line decides between comma, semicolon and tab; spaces around names and labels do not count.

    Values are collected as 8-byte floats while the file streams by, so memory is bounded by the limits, not by the text.
    Raise UploadError that names row (the line number of an editor) and column, and TooLarge.
    """
    records = _records(_Lines(source), _delimiter(source))
    names = _header(next(records, (1, []))[1], limits)
    at = label_position(names, label)
    features = (*names[:at], *names[at + 1 :])
    values, texts, first = array("d"), [], {}
    for line, row in records:
        if len(row) != len(names):
            raise UploadError(f"expected {len(names)} fields as in the header, got {len(row)}", row=line)
        text = row.pop(at).strip()
        if text not in first:
            check_name(text, "the label", row=line, column=names[at])
            first[text] = line
        texts.append(text)
        values.extend(_numbers(row, features, line))
        limits.check(len(texts), len(features))
    if names[at] in first and all(_is_number(name) for name in features):
        raise UploadError("the first line must be a header with the names of the columns, this one holds values", row=1)
    classes = text_labels(first, names[at])
    labels: list[Label] = [classes[text] for text in texts]
    return labelled(np.frombuffer(values, np.float64).reshape(len(texts), len(features)), labels, features, limits)


class _Lines:
    """The text lines of a file, checked before csv.reader sees them: it would collect a whole file after one open quote."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._record_bytes = 0
        self.number = 0
        self.record_start = 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        raw = self._source.readline(MAX_RECORD_BYTES + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        self._record_bytes += len(raw)
        if self._record_bytes > MAX_RECORD_BYTES:
            raise UploadError("a row may have at most 1 MiB; is a quote left open?", row=self.record_start)
        if b"\0" in raw:
            raise UploadError("there are NUL bytes: this is not a text file", row=self.number)
        if b"\r" in raw.rstrip(b"\r\n"):
            raise UploadError("there is a carriage return inside of the line; lines must end with LF or CRLF", row=self.number)
        try:
            return raw.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise UploadError(f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8", row=self.number) from error

    def end_record(self) -> None:
        """Start to count the bytes of the next record."""
        self._record_bytes = 0
        self.record_start = self.number + 1

    def rest_is_blank(self, delimiter: str) -> bool:
        """Read on to the end, in pieces: a line at a time, 30 MB of line ends took 83 s."""
        blank = b" \t\r\n\v\f".replace(delimiter.encode(), b"")
        while piece := self._source.read(MAX_RECORD_BYTES):
            if piece.strip(blank):
                return False
        return True


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the fields of each record; blank lines may only stand at the end."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            lines.end_record()
            if len(row) < 2 and not "".join(row).strip():
                if not lines.rest_is_blank(delimiter):
                    raise UploadError("the line is blank, but rows follow", row=reader.line_num)
                return
            yield reader.line_num, row
    except csv.Error as error:
        raise UploadError(f"this is not valid CSV: {error}", row=lines.record_start) from error


def _delimiter(source: BinaryIO) -> str:
    """Take the delimiter that the header line has most of, outside of quotes."""
    line = re.sub(rb'"[^"]*"', b"", source.readline(MAX_RECORD_BYTES))
    source.seek(0)
    return max(DELIMITERS, key=lambda delimiter: line.count(delimiter.encode()))


def _header(row: list[str], limits: UploadLimits) -> list[str]:
    """Return the names of the columns, without spaces around them."""
    names = [name.strip() for name in row]
    if not names:
        raise UploadError("the file is empty; it needs a header line with the names of the columns")
    if all(_is_number(name) for name in names):
        raise UploadError("the first line must be a header with the names of the columns, all here are numbers", row=1)
    if len(names) < 2:
        raise UploadError(f"there is only the column {short(names[0])}, separated by comma, semicolon or tab; need 2", row=1)
    limits.check(0, len(names) - 1)
    check_names(names, "column", row=1)
    return names


def _numbers(cells: list[str], features: tuple[str, ...], line: int) -> list[float]:
    """Convert the cells of a row; raise UploadError that names the first that is not a finite decimal number."""
    try:
        numbers = [float(cell) for cell in cells]
        # Checks of the whole row, not of each cell: NaN and infinity show in the sum.
        if abs(sum(numbers)) <= LARGEST and max(map(abs, numbers)) <= LARGEST and "_" not in "".join(cells):
            return numbers
    except ValueError:
        numbers = []
    for name, cell in zip(features, cells, strict=True):
        if not _is_number(cell) or not isfinite(float(cell)):
            got = short(cell) if cell.strip() else "an empty cell"
            raise UploadError(f"expected a finite decimal number, got {got}", row=line, column=name)
        if abs(float(cell)) > LARGEST:
            raise UploadError(
                f"expected a number between -{LARGEST:g} and {LARGEST:g}, got {short(cell)}", row=line, column=name
            )
    return numbers


def _is_number(text: str) -> bool:
    """Tell whether a text is a number as Python reads it, "nan" and "inf" included, but without underscores."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
