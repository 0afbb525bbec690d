"""Plain text, for models of characters: UTF-8, of any language."""

from codecs import BOM_UTF8
from pathlib import PurePath
from typing import BinaryIO

from core.data.text import Corpus
from core.errors import DataError
from service.errors import UploadError
from service.runs.texts import corpus_of, line_of

SUFFIXES = (".txt", ".text", ".md")


def is_text(filename: str, label: str | None) -> bool:
    """Say whether a file is a text by its name; one whose label column is named is a table, whatever it is called."""
    return label is None and PurePath(filename.lower()).suffix in SUFFIXES


def read_text(source: BinaryIO) -> Corpus:
    """Read a text. A byte order mark is dropped and a line ends with LF, as editors show it.

    Raise UploadError that names the line (counted from 1), and TooLarge.
    """
    content = source.read().removeprefix(BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise UploadError(f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8", row=row) from error
    text = text.replace("\r\n", "\n")
    if "\0" in text:
        raise UploadError("the text holds the character NUL: this is no plain text", row=line_of(text, text.index("\0")))
    try:
        return corpus_of(text)
    except DataError as error:
        raise UploadError(str(error)) from error
