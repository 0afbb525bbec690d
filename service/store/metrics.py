"""Metric points: one row a step, one column a series."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, func, insert, literal, or_, select

from core.types import Point
from service.domain import SERIES
from service.store.tables import metrics, runs


def append(db: Connection, run_id: str, points: Sequence[Point]) -> None:
    """Add points; a step that is there already is an error."""
    if points:
        db.execute(insert(metrics), [_row(run_id, point) for point in points])


def _row(run_id: str, point: Point) -> dict[str, Any]:
    bad = {name: repr(value) for name, value in point.metrics.items() if not math.isfinite(value)}
    values = {name: None if name in bad else point.metrics.get(name) for name in SERIES}
    return {"run_id": run_id, "step": point.step, **values, "nonfinite": bad or None}


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
    db.execute(insert(metrics).from_select(["run_id", *names], chosen))


def count(db: Connection, run_id: str) -> int:
    """Return the number of points of a run."""
    return db.execute(select(func.count()).where(metrics.c.run_id == run_id)).scalar_one()
