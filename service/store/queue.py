"""The queue: what is being trained, what waits, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, func, select

from service.domain import Run, RunStatus
from service.store.owned import visible
from service.store.places import BEGUN, NUMBERED, Standing, share
from service.store.tables import runs


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
    return [(_brief(row), share(row.position, row.begun + row.before, workers)) for row in found]


def _brief(row: Sequence[Any]) -> Brief:
    brief = Brief(**dict(zip([column.name for column in BRIEF], row, strict=False)))
    return replace(brief, status=RunStatus(brief.status))
