"""A filter is conditions joined by AND; an order is fields, each with ASC or DESC."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from core.fields import show
from service.domain import RunStatus
from service.query.fields import field
from service.query.terms import EPOCH, MILLISECOND, Attribute, Comparison, Field, Kind, Operator, Ordering, Span, Value
from service.query.tokens import Source, Token, unquoted

NUMERIC: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=")
TEXTUAL: tuple[Operator, ...] = ("=", "!=", "LIKE", "ILIKE", "IN", "NOT IN")
NULLS: tuple[Operator, ...] = ("IS NULL", "IS NOT NULL")
OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    "number": (*NUMERIC, *NULLS),
    "time": (*NUMERIC, *NULLS),
    "text": (*TEXTUAL, *NULLS),
    "any": (*NUMERIC, *TEXTUAL[2:], *NULLS),
}
STATUS = Attribute("status")
MAX_CONDITIONS = 50
MAX_KEYS = 5


def parse_filter(text: str, name: str = "filter", statuses: Iterable[str] = RunStatus) -> tuple[Comparison, ...]:
    """Parse a filter; an empty one has no conditions. `statuses`: what the client calls them.

    Raise InvalidInput, which says at which character what was expected.
    """
    parser = Parser(Source(text, name), tuple(dict.fromkeys(statuses)))
    found: list[Comparison] = []
    while not parser.ended:
        if found and not parser.took("AND"):
            parser.expected("AND or the end (conditions are only joined by AND)")
        if len(found) == MAX_CONDITIONS:
            raise parser.source.refusal(f"{name} has more than {MAX_CONDITIONS} conditions")
        found.append(parser.comparison())
    return tuple(found)


def parse_order(texts: Sequence[str], name: str = "order_by") -> tuple[Ordering, ...]:
    """Parse the keys of an order, such as `metrics.loss ASC`; ASC may be left out. Raise InvalidInput."""
    source = Source("", name)
    if len(texts) > MAX_KEYS:
        raise source.refusal(f"{name} has {len(texts)} keys, must have at most {MAX_KEYS}")
    return tuple(Parser(Source(text, name)).ordering() for text in texts)


class Parser:
    """Goes through the words of one text."""

    def __init__(self, source: Source, statuses: tuple[str, ...] = ()) -> None:
        self.source, self._statuses = source, statuses
        self._tokens = source.tokens()
        self.now = next(self._tokens)

    @property
    def ended(self) -> bool:
        """Whether all words are taken."""
        return self.now.kind == "end"

    def take(self) -> Token:
        """Return the present word and go on."""
        token = self.now
        if not self.ended:
            self.now = next(self._tokens)
        return token

    def took(self, word: str) -> bool:
        """Go on if the present word is this one; return whether it was."""
        if word not in (self.now.word, self.now.text):
            return False
        self.take()
        return True

    def expected(self, what: str) -> NoReturn:
        """Raise InvalidInput at the present word."""
        raise self.source.bad(self.now.at, f"expected {what}, got {self.now}")

    def comparison(self) -> Comparison:
        """Parse `field operator value`."""
        subject = field(self.now, self.source)
        self.take()
        at = self.now
        operator = self._operator(subject)
        if operator in NULLS:
            return Comparison(subject, operator)
        if operator in ("IN", "NOT IN"):
            return Comparison(subject, operator, self._texts(subject))
        beginning = self.now
        value = self._value(subject)
        if operator in ("=", "!="):
            self._check(subject, unquoted(beginning.text), beginning)
        if subject.kind == "any" and operator not in (TEXTUAL if isinstance(value, str) else NUMERIC):
            kind = "a text" if isinstance(value, str) else "a number"
            allowed = ", ".join(TEXTUAL if isinstance(value, str) else NUMERIC)
            raise self.source.bad(at.at, f"expected a comparator for {kind}, one of {allowed}, got {operator}")
        return Comparison(subject, operator, value)

    def ordering(self) -> Ordering:
        """Parse `field [ASC|DESC]`."""
        subject = field(self.now, self.source)
        self.take()
        descending = self.took("DESC")
        if not descending:
            self.took("ASC")
        if not self.ended:
            self.expected("ASC, DESC or the end")
        return Ordering(subject, descending)

    def _operator(self, subject: Field) -> Operator:
        at, words = self.now, self.now.text
        if self.now.word in ("IS", "NOT"):
            words = self.take().word
            if words == "IS" and self.now.word == "NOT":
                words += " " + self.take().word
            words += " " + self.now.word
        operator = next((known for known in OPERATORS[subject.kind] if known == words.upper()), None)
        if operator is None:
            raise self.source.bad(
                at.at, f"expected a comparator for {subject}, one of {', '.join(OPERATORS[subject.kind])}, got {at}"
            )
        self.take()
        return operator

    def _value(self, subject: Field) -> Value:
        token = self.now
        is_text = token.kind == "text" or (token.kind == "name" and token.text[0] == '"' and len(token.parts) == 1)
        wanted = {"text": "a text in quotes", "number": "a number", "any": "a number, or a text in quotes"}
        wanted["time"] = "a time, in milliseconds since 1970 or as '2026-01-31T12:00:00Z'"
        fits = {"text": is_text, "number": token.kind == "number", "time": True, "any": True}[subject.kind]
        if not fits or not (is_text or token.kind == "number"):
            self.expected(f"{wanted[subject.kind]} for {subject}")
        self.take()
        value = unquoted(token.text) if is_text else _number(token, self.source)
        return _time(value, token, self.source) if subject.kind == "time" else value

    def _check(self, subject: Field, text: str, token: Token) -> None:
        if subject == STATUS and text not in self._statuses:
            raise self.source.bad(token.at, f"expected a status, one of {', '.join(self._statuses)}, got {token}")

    def _texts(self, subject: Field) -> tuple[str, ...]:
        if not self.took("("):
            self.expected(f"a list such as ('a', 'b') for {subject}")
        found = []
        while True:
            if self.now.kind != "text":
                self.expected("a text in single quotes")
            token = self.take()
            found.append(unquoted(token.text))
            self._check(subject, found[-1], token)
            if self.took(")"):
                return tuple(found)
            if not self.took(","):
                self.expected(", or )")


def _number(token: Token, source: Source) -> float:
    value = int(token.text) if token.text.lstrip("+-").isdigit() and len(token.text) < 19 else float(token.text)
    if not math.isfinite(value):
        raise source.bad(token.at, f"expected a finite number, got {token}")
    return value


def _time(value: str | float, token: Token, source: Source) -> Span:
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            span = Span(moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC), timedelta(microseconds=1))
        else:
            span = Span(EPOCH + timedelta(milliseconds=math.floor(value)), MILLISECOND)
        span.end  # noqa: B018 (the last moment there is has no end)
    except (ValueError, OverflowError):
        raise source.bad(
            token.at, f"expected a time, in milliseconds since 1970 or as '2026-01-31T12:00:00Z', got {show(value)}"
        ) from None
    return span
