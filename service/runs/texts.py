"""Texts that models of characters learn from: what one may hold."""

from core.data.text import Corpus
from core.errors import DataError
from service.errors import TooLarge

MAX_CHARACTERS = 20_000_000
MAX_SYMBOLS = 5_000
FEATURES = ("character",)


def corpus_of(text: str) -> Corpus:
    """Take a text as a dataset; raise DataError if it cannot be learned from, and TooLarge above a limit."""
    if len(text) > MAX_CHARACTERS:
        raise TooLarge(f"the text has {len(text):,} characters, at most {MAX_CHARACTERS:,} are taken")
    at = text.find("\0")
    if at >= 0:
        raise DataError(f"line {line_of(text, at)} of the text holds the character NUL: this is no plain text")
    corpus = Corpus.of(text)
    if len(corpus.symbols) > MAX_SYMBOLS:
        raise TooLarge(f"the text has {len(corpus.symbols):,} different characters, at most {MAX_SYMBOLS:,} are taken")
    return corpus


def line_of(text: str, at: int) -> int:
    """Return the number of the line, counted from 1, in which a character stands."""
    return text.count("\n", 0, at) + 1
