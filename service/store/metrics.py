"""Metric points: one row a step, one column a series."""

import json
import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, insert, literal, or_, select, update

from core.types import Ints, Point
from service.domain import SERIES
from service.store import bulk
from service.store.curves import Curves
from service.store.tables import metrics, runs
from service.store.unit import Database

MORE = update(runs).where(runs.c.id == bindparam("of_run")).values(points=runs.c.points + bindparam("more"))

KNOWN: Select[Any] = select(runs.c.points).where(runs.c.id == bindparam("name"))
BLOCK = 10_000
"""Points that are read at a time."""


def append(db: Connection, run_id: str, points: Sequence[Point]) -> None:
    """Add points; a step that is there already is an error."""
    if points:
        bulk.insert(db, metrics, [_row(run_id, point) for point in points])
        _count(db, run_id, len(points))


def _count(db: Connection, run_id: str, number: int) -> None:
    db.execute(MORE, {"of_run": run_id, "more": number})


def _row(run_id: str, point: Point) -> tuple[str | int | float | None, ...]:
    """Return a point as the columns of the table, in their order."""
    bad = {name: repr(value) for name, value in point.metrics.items() if not math.isfinite(value)}
    values = [None if name in bad else point.metrics.get(name) for name in SERIES]
    return run_id, point.step, *values, json.dumps(bad) if bad else None


def blocks(
    db: Connection,
    run_id: str,
    series: Sequence[str],
    *,
    after: int | None = None,
    to_step: int | None = None,
    limit: int | None = None,
) -> Iterator[Curves]:
    """Yield the points of a run after a step, which is not included, and up to another, which is, some at a time.

    Straight from the driver's cursor: of 10,000 rows with three series 5.1 ms, by way of SQLAlchemy's rows 7.6. As Python's
    numbers, all at once would take 32 bytes for each.
    """
    columns = (metrics.c.step, *(metrics.c[name] for name in series))
    query = select(*columns).where(*_between(run_id, after, to_step)).order_by(metrics.c.step).limit(limit)
    with db.execute(query) as result:
        cursor: Any = result.cursor
        numbers = chain.from_iterable(cursor)
        while flat := list(islice(numbers, BLOCK * len(columns))):
            yield _curves(db, run_id, series, [flat[i :: len(columns)] for i in range(len(columns))])


def history(
    db: Connection,
    run_id: str,
    series: Sequence[str],
    *,
    after: int | None = None,
    to_step: int | None = None,
    limit: int | None = None,
) -> Curves:
    """Return the same in one piece."""
    return Curves.joined(series, list(blocks(db, run_id, series, after=after, to_step=to_step, limit=limit)))


def at(db: Connection, run_id: str, series: Sequence[str], steps: Ints) -> Curves:
    """Return the points of a run at some steps, in order."""
    found = []
    for begin in range(0, len(steps), BLOCK):
        some = select(func.json_each(json.dumps(steps[begin : begin + BLOCK].tolist())).table_valued("value").c.value)
        query = select(metrics.c.step, *(metrics.c[name] for name in series)).order_by(metrics.c.step)
        rows = db.execute(query.where(metrics.c.run_id == run_id, metrics.c.step.in_(some))).all()
        found.append(_curves(db, run_id, series, [list(column) for column in zip(*rows, strict=True)]))
    return Curves.joined(series, found)


def _between(run_id: str, after: int | None, to_step: int | None) -> list[ColumnElement[bool]]:
    bounds = (
        (metrics.c.step > after) if after is not None else None,
        (metrics.c.step <= to_step) if to_step is not None else None,
    )
    return [metrics.c.run_id == run_id, *(bound for bound in bounds if bound is not None)]


def _curves(db: Connection, run_id: str, series: Sequence[str], columns: list[list[Any]]) -> Curves:
    """Return rows with what of their values is not finite, which SQLite has no column for."""
    steps, *values = columns
    curves = Curves(np.array(steps, np.int64), {name: np.array(c, np.float64) for name, c in zip(series, values, strict=True)})
    for name, notes in nonfinite(db, run_id, series, after=steps[0] - 1, to_step=steps[-1]).items():
        for step, kind in notes:
            row = bisect_left(steps, step)
            if steps[row] == step:
                curves.series[name][row] = float(kind)
                curves.nonfinite.setdefault(name, []).append((step, kind))
    return curves


def nonfinite(
    db: Connection, run_id: str, series: Sequence[str], *, after: int | None = None, to_step: int | None = None
) -> dict[str, list[tuple[int, str]]]:
    """Return for each series that has any the points that are not finite: step, and `nan`, `inf` or `-inf`."""
    query = select(metrics.c.step, metrics.c.nonfinite).where(
        *_between(run_id, after, to_step), metrics.c.nonfinite.is_not(None)
    )
    found: dict[str, list[tuple[int, str]]] = {}
    for step, kinds in db.execute(query.order_by(metrics.c.step)):
        for name in [name for name in series if name in kinds]:
            found.setdefault(name, []).append((step, kinds[name]))
    return found


def has(db: Connection, run_id: str, name: str, *, after: int | None = None, to_step: int | None = None) -> bool:
    """Return whether a series has a finite point between two steps."""
    query = select(metrics.c.step).where(*_between(run_id, after, to_step), metrics.c[name].is_not(None)).limit(1)
    return db.execute(query).one_or_none() is not None


def last_step(db: Connection, run_id: str) -> int:
    """Return the step of the last point of a run; -1 if there is none."""
    last = db.execute(select(func.max(metrics.c.step)).where(metrics.c.run_id == run_id)).scalar()
    return -1 if last is None else int(last)


def count(db: Connection, run_id: str, *, after: int | None = None, to_step: int | None = None) -> int:
    """Return the number of points of a run, all or between two steps."""
    return db.execute(select(func.count()).where(*_between(run_id, after, to_step))).scalar_one()


def stored_count(db: Connection, run_id: str) -> int:
    """Return the same as it is kept in the row of the run, without counting."""
    return int(db.execute(KNOWN, {"name": run_id}).scalar_one())


def known_count(database: Database, run_id: str) -> int:
    """Return the same, 0 if there is no such run. It may be called on an event loop."""
    row = database.peek(KNOWN, name=run_id)
    return 0 if row is None else int(row[0])


def one_series(db: Connection, run_id: str, name: str, *, after_step: int, limit: int | None) -> list[tuple[int, float]]:
    """Return steps and values of one series in order, NaN and infinities as such; a step without a value is left out."""
    kind = metrics.c.nonfinite[name].as_string()
    query = (
        select(metrics.c.step, metrics.c[name], case((metrics.c[name].is_(None), kind)))
        .where(metrics.c.run_id == run_id, metrics.c.step > after_step, or_(metrics.c[name].is_not(None), kind.is_not(None)))
        .order_by(metrics.c.step)
        .limit(limit)
    )
    return [(step, value if bad is None else float(bad)) for step, value, bad in db.execute(query)]


def last_points(db: Connection, run_ids: Sequence[str]) -> dict[str, tuple[int, dict[str, float]]]:
    """Return step and values of the last point of each run that has one, NaN and infinities as such."""
    of = metrics.alias()
    newest = select(func.max(of.c.step)).where(of.c.run_id == runs.c.id).correlate(runs).scalar_subquery()
    query = (
        select(metrics)
        .select_from(runs.join(metrics, and_(metrics.c.run_id == runs.c.id, metrics.c.step == newest)))
        .where(runs.c.id.in_(run_ids))
    )
    found = {}
    for row in db.execute(query).mappings():
        bad = {name: float(kind) for name, kind in (row["nonfinite"] or {}).items()}
        found[row["run_id"]] = (row["step"], {name: row[name] for name in SERIES if row[name] is not None} | bad)
    return found


def copy(db: Connection, source: str, target: str, *, to_step: int, every: int) -> None:
    """Give a run the points of another up to a step, those at multiples of `every`."""
    names = [column.name for column in metrics.c if column.name != "run_id"]
    chosen = select(literal(target), *(metrics.c[name] for name in names)).where(
        metrics.c.run_id == source, metrics.c.step <= to_step, metrics.c.step % every == 0
    )
    copied = db.execute(insert(metrics).from_select(["run_id", *names], chosen))
    _count(db, target, copied.rowcount)
