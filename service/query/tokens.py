"""The words of a filter, each with where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.fields import show
from service.errors import FieldProblem, InvalidInput

MAX_LENGTH = 5000

SEGMENT = r"""`(?:``|[^`])*+`|"(?:""|[^"])*+"|"""  # in quotes, which are doubled inside it
# Repeats are possessive (`++`): a word that ends wrongly is refused at once, not tried again with each digit less.
TOKEN = re.compile(
    rf"""[ \t\r\n]*+(?:
    (?P<end>\Z)
  | (?P<text>'(?:''|[^'])*+')
  | (?P<number>[+-]?(?>[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+(?![\w.]))
  | (?P<name>(?:{SEGMENT}[^\W\d][\w/-]*+)(?:\.(?:{SEGMENT}[\w/-]++))*(?![\w/.-]))
  | (?P<mark><=|>=|!=|[=<>(),])
    )""",
    re.VERBOSE,
)
PART = re.compile(rf"{SEGMENT}[\w/-]+")

TokenKind = Literal["end", "text", "number", "name", "mark"]


@dataclass(frozen=True)
class Token:
    """A word and the number of its first character, from 1."""

    kind: TokenKind
    text: str
    at: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else self.text if len(self.text) <= 60 else self.text[:57] + "…"

    @property
    def word(self) -> str:
        """The word in capitals, if it stands without quotes and dots; else nothing."""
        return self.text.upper() if self.kind == "name" and self.text.isidentifier() else ""

    @property
    def parts(self) -> list[str]:
        """The parts of a name, without their quotes."""
        return [unquoted(part) for part in PART.findall(self.text)]


def unquoted(text: str) -> str:
    """Take the quotes off a text, if it has any."""
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "'\"`" else text


def unfit(character: str) -> bool:
    """Tell a control character or half a surrogate pair: no stored text has any."""
    return character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff"


@dataclass(frozen=True)
class Source:
    """A text to parse; `name` is what the request calls it."""

    text: str
    name: str

    def bad(self, at: int, problem: str) -> InvalidInput:
        """Return what to raise: what is wrong at a character."""
        return self.refusal(f"{self.name}, at character {at}: {problem}")

    def refusal(self, problem: str) -> InvalidInput:
        """Return what to raise."""
        return InvalidInput(FieldProblem(("query", self.name), problem))

    def tokens(self) -> Iterator[Token]:
        """Yield the words, and at last the end."""
        if len(self.text) > MAX_LENGTH:
            raise self.refusal(f"{self.name} has {len(self.text)} characters, must have at most {MAX_LENGTH}")
        for at, character in enumerate(self.text, start=1):
            if unfit(character) and character not in "\t\r\n":
                raise self.bad(at, f"{show(character)} cannot stand in it")
        at = 0
        while True:
            match = TOKEN.match(self.text, at)
            if match is None:
                raise self._unreadable(at)
            kind: TokenKind = match.lastgroup  # type: ignore[assignment]  # the names of the groups
            yield Token(kind, match[kind], match.start(kind) + 1)
            if kind == "end":
                return
            at = match.end()

    def _unreadable(self, at: int) -> InvalidInput:
        rest = self.text[at:].lstrip(" \t\r\n")
        at = len(self.text) - len(rest) + 1
        if rest[0] in "'\"`":
            return self.bad(at, f"expected {rest[0]} at the end of what begins here, got the end")
        return self.bad(at, f"expected a field, a comparator or a value, got {show(rest[:20])}")
