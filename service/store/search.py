"""Filters and orders of runs as SQL."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_

from service.domain import RunStatus
from service.query import Attribute, Comparison, Field, Metric, Operator, Ordering, Param, Span, Tag
from service.store.json_values import ILike, JsonMember, JsonNumber, JsonText, Like
from service.store.tables import runs

Condition = ColumnElement[bool]

COLUMNS: dict[str, ColumnElement[Any]] = {
    "run_id": runs.c.id,
    "run_name": runs.c.name,
    "status": runs.c.status,
    "stop_reason": runs.c.stop_reason,
    "created_at": runs.c.created_at,
    "start_time": func.coalesce(runs.c.started_at, runs.c.created_at),
    "end_time": runs.c.finished_at,
}
COMPARE: dict[Operator, Callable[[ColumnElement[Any], Any], Condition]] = {
    "=": lambda of, value: of == value,
    "!=": lambda of, value: of != value,
    "<": lambda of, value: of < value,
    "<=": lambda of, value: of <= value,
    ">": lambda of, value: of > value,
    ">=": lambda of, value: of >= value,
    "LIKE": Like,
    "ILIKE": ILike,
    "IN": lambda of, value: of.in_(value),
    "NOT IN": lambda of, value: of.not_in(value),
    "IS NULL": lambda of, _: of.is_(None),
    "IS NOT NULL": lambda of, _: of.is_not(None),
}

Words = Mapping[RunStatus, str]
"""What the client calls each status, if not as we do."""


def condition(comparison: Comparison, words: Words | None = None) -> Condition:
    """Return a condition on runs. What a run has no value for does not hold, except IS NULL."""
    value = comparison.value
    of = _value(comparison.field, words, numeric=isinstance(value, int | float))
    if isinstance(value, Span):
        return _within(of, comparison.operator, value)
    return COMPARE[comparison.operator](of, value)


def _within(of: ColumnElement[Any], sign: Operator, span: Span) -> Condition:
    """Compare with a moment that lasts a while: of a run that started at 12:00:00.0005, 12:00:00.000 is the millisecond."""
    match sign:
        case "=":
            return and_(of >= span.start, of < span.end)
        case "!=":
            return or_(of < span.start, of >= span.end)
        case "<=":
            return of < span.end
        case ">":
            return of >= span.end
        case _:
            return COMPARE[sign](of, span.start)


def _value(field: Field, words: Words | None, *, numeric: bool) -> ColumnElement[Any]:
    match field:
        case Attribute("status") if words is not None:
            return case(*((runs.c.status == status, word) for status, word in words.items()))
        case Attribute(name):
            return COLUMNS[name]
        case Metric(series, part):
            return JsonNumber(runs.c.metrics, (series, part))
        case Tag(key):
            return JsonMember(runs.c.tags, key)
        case Param(path):
            column, inside = (runs.c.dataset, path[1:]) if path[0] == "dataset" else (runs.c.spec, path)
            return JsonNumber(column, inside) if numeric else JsonText(column, inside)


class Sorting:
    """An order of runs: its keys, those without a value last, and at the end the id, which makes it a total one."""

    def __init__(self, keys: Sequence[Ordering], *, newest_first: bool, words: Words | None = None) -> None:
        self.columns = [column for key in keys for column in self._columns(key, words)]
        self._descending = [key.descending for key in keys for _ in self._columns(key, words)] + [newest_first]

    @staticmethod
    def _columns(key: Ordering, words: Words | None) -> list[ColumnElement[Any]]:
        """Return what is compared, one after the other: of a param the number, then for what is no number the text."""
        number = [_value(key.field, words, numeric=True)] if isinstance(key.field, Param) else []
        return [*number, _value(key.field, words, numeric=False)]

    def clauses(self) -> list[ColumnElement[Any]]:
        """Return what ORDER BY takes."""
        found: list[ColumnElement[Any]] = []
        for column, descending in zip([*self.columns, runs.c.id], self._descending, strict=True):
            if column is not runs.c.id:
                found.append(column.is_(None))
            found.append(column.desc() if descending else column.asc())
        return found

    def after(self, values: Sequence[Any], run_id: str) -> Condition:
        """Return the condition for what comes after a run that had these values of `columns`."""
        later: list[Condition] = []
        same: list[Condition] = []
        for column, descending, value in zip([*self.columns, runs.c.id], self._descending, [*values, run_id], strict=True):
            if value is not None:
                beyond = column < value if descending else column > value
                later.append(and_(*same, or_(beyond, column.is_(None))))
            same.append(column.is_(None) if value is None else column == value)
        return or_(false(), *later)
