"""What a filter and an order are made of; `str` of each is a text that parses to it again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from core.spec import DataSpec, ModelSpec, OptimizerSpec, Training
from service.domain import StoredDataset
from service.query.paths import leaves

Kind = Literal["text", "number", "time", "any"]
"""What a field is compared with; `any`: a text or a number, whichever is given."""

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"]

ATTRIBUTES: dict[str, Kind] = {
    "run_id": "text",
    "run_name": "text",
    "status": "text",
    "stop_reason": "text",
    "created_at": "time",
    "start_time": "time",
    "end_time": "time",
}
METRIC_PARTS = ("last", "best", "best_step")
PARAMS = frozenset(
    path
    for part, spec in (
        ("model", ModelSpec),
        ("optimizer", OptimizerSpec),
        ("training", Training),
        ("dataset", DataSpec | StoredDataset),
    )
    for path in leaves(spec, (part,))
)
"""The paths of all that a run is asked for: model.kind, optimizer.schedule.every, …"""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Attribute:
    """A property of the run itself, by its name in ATTRIBUTES."""

    name: str

    @property
    def kind(self) -> Kind:
        """What it is compared with."""
        return ATTRIBUTES[self.name]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Metric:
    """A series in short: its `last` value, its `best`, or the step of the best."""

    series: str
    part: str = "last"
    kind: ClassVar[Kind] = "number"

    def __str__(self) -> str:
        return f"metrics.{self.series}" + ("" if self.part == "last" else f".{self.part}")


@dataclass(frozen=True)
class Param:
    """A field of the spec or of the dataset's parameters, by its path."""

    path: tuple[str, ...]
    kind: ClassVar[Kind] = "any"

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Tag:
    """A tag by its key."""

    key: str
    kind: ClassVar[Kind] = "text"

    def __str__(self) -> str:
        return "tags." + quoted(self.key, "`")


Field = Attribute | Metric | Param | Tag


@dataclass(frozen=True)
class Span:
    """A moment as precisely as it was given: a millisecond, or a microsecond. It holds from `start` to before `end`."""

    start: datetime
    width: timedelta

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.start + self.width

    def __str__(self) -> str:
        if self.width == MILLISECOND:
            return str((self.start - EPOCH) // MILLISECOND)
        return quoted(self.start.isoformat(), "'")


Value = str | int | float | Span | tuple[str, ...] | None


@dataclass(frozen=True)
class Comparison:
    """One condition; the conditions of a filter all hold. `value` is None for IS NULL, a tuple for IN."""

    field: Field
    operator: Operator
    value: Value = None

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.field} {self.operator}"
        if isinstance(self.value, tuple):
            return f"{self.field} {self.operator} ({', '.join(quoted(item) for item in self.value)})"
        return f"{self.field} {self.operator} {quoted(self.value) if isinstance(self.value, str) else self.value}"


@dataclass(frozen=True)
class Ordering:
    """One key of an order. Runs that have no value come last, whatever the direction."""

    field: Field
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.field} {'DESC' if self.descending else 'ASC'}"


def quoted(text: str, quote: str = "'") -> str:
    """Write a text in quotes, with quotes inside it doubled."""
    return quote + text.replace(quote, quote * 2) + quote
