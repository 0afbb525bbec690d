"""Metric points: one row a step, one column a series."""

import json
import math
from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, literal, select

from core.types import Point
from service.domain import SERIES
from service.store.tables import metrics


def append(db: Connection, run_id: str, points: Sequence[Point]) -> None:
    """Add points; a step that is there already is an error."""
    if points:
        # Straight to the driver: 8 µs a point; through SQLAlchemy's processing of each value it is 17.
        statement = insert(metrics).compile(dialect=db.dialect)
        db.exec_driver_sql(str(statement), [_row(run_id, point) for point in points])


def _row(run_id: str, point: Point) -> tuple[str | int | float | None, ...]:
    """Return a point as the columns of the table, in their order."""
    bad = {name: repr(value) for name, value in point.metrics.items() if not math.isfinite(value)}
    values = [None if name in bad else point.metrics.get(name) for name in SERIES]
    return run_id, point.step, *values, json.dumps(bad) if bad else None


def history(
    db: Connection, run_id: str, series: Sequence[str], *, from_step: int | None, to_step: int | None
) -> tuple[list[int], dict[str, list[float | None]]]:
    """Return the steps in order and, for each series asked for, its value at each step.

    A value is None where the series has no point; NaN and infinities come back as such.
    """
    columns = [metrics.c[name] for name in series]
    query = select(metrics.c.step, metrics.c.nonfinite, *columns).where(metrics.c.run_id == run_id).order_by(metrics.c.step)
    if from_step is not None:
        query = query.where(metrics.c.step >= from_step)
    if to_step is not None:
        query = query.where(metrics.c.step <= to_step)
    rows = db.execute(query).all()
    values = {name: [row[i] for row in rows] for i, name in enumerate(series, start=2)}
    for i, row in enumerate(rows):
        for name, kind in (row.nonfinite or {}).items():
            if name in values:
                values[name][i] = float(kind)
    return [row.step for row in rows], values


def copy(db: Connection, source: str, target: str, *, to_step: int, every: int) -> None:
    """Give a run the points of another up to a step, those at multiples of `every`."""
    names = [column.name for column in metrics.c if column.name != "run_id"]
    chosen = select(literal(target), *(metrics.c[name] for name in names)).where(
        metrics.c.run_id == source, metrics.c.step <= to_step, metrics.c.step % every == 0
    )
    db.execute(insert(metrics).from_select(["run_id", *names], chosen))


def count(db: Connection, run_id: str) -> int:
    """Return the number of points of a run."""
    return db.execute(select(func.count()).where(metrics.c.run_id == run_id)).scalar_one()
