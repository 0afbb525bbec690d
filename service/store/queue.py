"""The queue: who is next, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, Integer, String, bindparam, case, func, select, union_all

from service.domain import Run, RunStatus
from service.store.owned import visible
from service.store.tables import runs

# Made once, as in runs.py.
QUEUED = runs.c.status == RunStatus.QUEUED
LEFT = runs.c.steps - runs.c.step
REMAINING = case(
    (runs.c.steps_per_second > 0, LEFT / runs.c.steps_per_second),
    else_=func.coalesce(runs.c.estimated_seconds, 0.0) * LEFT / runs.c.steps,
)
BEGUN = (
    select(func.coalesce(func.sum(REMAINING), 0.0)).where(runs.c.status == RunStatus.RUNNING).scalar_subquery().label("begun")
)
"""Seconds that the runs which have a worker will still take, each by `remaining_seconds`: others' too, they are waited for."""

ID, PRIORITY = bindparam("of_run", type_=String), bindparam("of_priority", type_=Integer)
SUM = (func.count().label("runs"), func.sum(runs.c.estimated_seconds).label("seconds"))
SOONER = union_all(  # two ranges of the index: one condition with "or" takes half as long again
    select(*SUM).where(QUEUED, runs.c.priority > PRIORITY),
    select(*SUM).where(QUEUED, runs.c.priority == PRIORITY, runs.c.id < ID),
).subquery()
PLACE = select(
    ID.label("id"),
    (func.sum(SOONER.c.runs) + 1).label("position"),
    func.coalesce(func.sum(SOONER.c.seconds), 0.0).label("before"),
    BEGUN,
)
"""The place of one queued run: those that are sooner are counted."""

ORDER = (runs.c.priority.desc(), runs.c.id)
OWN = func.coalesce(runs.c.estimated_seconds, 0.0)
NUMBERED = (
    select(
        runs.c.id,
        func.row_number().over(order_by=ORDER).label("position"),
        (func.sum(OWN).over(order_by=ORDER, rows=(None, 0)) - OWN).label("before"),
    )
    .where(QUEUED)
    .subquery()
)
"""All queued runs, numbered in the order of `lifecycle.claim`; `before` sums the estimates of those before each."""
PLACES = select(NUMBERED, BEGUN).where(NUMBERED.c.id.in_(bindparam("of_runs", expanding=True)))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The place of a queued run: that at position 1 is begun next."""

    position: int
    starts_in_seconds: float | None
    """Estimated from what is before it; None if nothing can be said, as without workers."""


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What the queue shows of a run; all its other columns stay unread."""

    id: str
    name: str | None
    status: RunStatus
    priority: int
    attempt: int
    step: int
    steps: int
    steps_per_second: float | None
    estimated_seconds: float | None


BRIEF = [runs.c[field.name] for field in fields(Brief)]


def remaining_seconds(run: Run | Brief) -> float:
    """Estimate how long a run will still take: by its rate, or before its first step by its estimate."""
    if run.status is RunStatus.RUNNING and run.steps_per_second:
        return (run.steps - run.step) / run.steps_per_second
    return (run.estimated_seconds or 0.0) * (run.steps - run.step) / run.steps


def standings(db: Connection, queued: Sequence[Run], workers: int) -> dict[str, Standing]:
    """Return the places of queued runs by their ids."""
    if not queued:
        return {}
    if len(queued) == 1:  # 2.8 against 15 ms when 9,500 wait, and every run that is created is shown
        rows = db.execute(PLACE, {"of_run": queued[0].id, "of_priority": queued[0].priority}).all()
    else:
        rows = db.execute(PLACES, {"of_runs": [run.id for run in queued]}).all()
    return {row.id: _standing(row, workers) for row in rows}


def running(db: Connection) -> list[Brief]:
    """Return the runs that have a worker, the oldest first."""
    query = select(*BRIEF).where(runs.c.status == RunStatus.RUNNING, visible(db, runs)).order_by(runs.c.id)
    return [_brief(row) for row in db.execute(query)]


def busy(db: Connection) -> int:
    """Return how many workers have a run, whosever it is."""
    return db.execute(select(func.count()).where(runs.c.status == RunStatus.RUNNING)).scalar_one()


def waiting(db: Connection, limit: int, workers: int) -> list[tuple[Brief, Standing]]:
    """Return up to `limit` queued runs in the order in which they will be begun."""
    place = (NUMBERED.c.position, NUMBERED.c.before, BEGUN)
    query = select(*BRIEF, *place).join(NUMBERED, NUMBERED.c.id == runs.c.id).where(visible(db, runs))
    found = db.execute(query.order_by(NUMBERED.c.position).limit(limit)).all()
    return [(_brief(row), _standing(row, workers)) for row in found]


def _brief(row: Sequence[Any]) -> Brief:
    brief = Brief(**dict(zip([column.name for column in BRIEF], row, strict=False)))
    return replace(brief, status=RunStatus(brief.status))


def _standing(row: Any, workers: int) -> Standing:
    """Share the work that is before a run evenly among the workers."""
    starts = (row.begun + row.before) / workers if workers else None
    return Standing(position=row.position, starts_in_seconds=starts)
