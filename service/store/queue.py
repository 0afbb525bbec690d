"""The queue: who is next, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, literal, or_, select

from service.domain import Run, RunStatus
from service.store.owned import visible
from service.store.runs import COLUMNS, record
from service.store.tables import runs


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The place of a queued run: that at position 1 is begun next."""

    position: int
    starts_in_seconds: float | None
    """Estimated from what is before it; None if nothing can be said, as without workers."""


def remaining_seconds(run: Run) -> float:
    """Estimate how long a run will still take: by its rate, or before its first step by its estimate."""
    if run.status is RunStatus.RUNNING and run.steps_per_second:
        return (run.steps - run.step) / run.steps_per_second
    return (run.estimated_seconds or 0.0) * (run.steps - run.step) / run.steps


def standings(db: Connection, queued: Sequence[Run], workers: int) -> dict[str, Standing]:
    """Return the places of queued runs by their ids."""
    if not queued:
        return {}
    if len(queued) == 1:  # 2.8 against 15 ms when 9,500 wait, and every run that is created is shown
        rows = db.execute(_place_of(queued[0])).all()
    else:
        places = _places()
        rows = db.execute(select(places).where(places.c.id.in_([run.id for run in queued]))).all()
    begun = sum(map(remaining_seconds, _begun(db)))
    return {row.id: _standing(row, begun, workers) for row in rows}


def _place_of(run: Run) -> Select[Any]:
    sooner = or_(runs.c.priority > run.priority, and_(runs.c.priority == run.priority, runs.c.id < run.id))
    before = func.coalesce(func.sum(runs.c.estimated_seconds), 0.0).label("before")
    place = (func.count() + 1).label("position")
    return select(literal(run.id).label("id"), place, before).where(runs.c.status == RunStatus.QUEUED, sooner)


def running(db: Connection) -> list[Run]:
    """Return the runs that have a worker, the oldest first."""
    return _begun(db, visible(db, runs))


def _begun(db: Connection, *of: ColumnElement[bool]) -> list[Run]:
    """Return the runs that have a worker; those of others too, since they are waited for."""
    query = select(*COLUMNS).where(runs.c.status == RunStatus.RUNNING, *of)
    return [record(row) for row in db.execute(query.order_by(runs.c.id))]


def busy(db: Connection) -> int:
    """Return how many workers have a run, whosever it is."""
    return db.execute(select(func.count()).where(runs.c.status == RunStatus.RUNNING)).scalar_one()


def waiting(db: Connection, limit: int, workers: int) -> list[tuple[Run, Standing]]:
    """Return up to `limit` queued runs in the order in which they will be begun."""
    places = _places()
    query = select(*COLUMNS, places.c.position, places.c.before).join(places, places.c.id == runs.c.id).where(visible(db, runs))
    begun = sum(map(remaining_seconds, _begun(db)))
    found = db.execute(query.order_by(places.c.position).limit(limit)).all()
    return [(record(row), _standing(row, begun, workers)) for row in found]


def _places() -> Subquery:
    """Give the queued runs numbers, in the order of `lifecycle.claim`; `before` sums the estimates of those before each."""
    order = (runs.c.priority.desc(), runs.c.id)
    own = func.coalesce(runs.c.estimated_seconds, 0.0)
    place = func.row_number().over(order_by=order).label("position")
    before = (func.sum(own).over(order_by=order, rows=(None, 0)) - own).label("before")
    return select(runs.c.id, place, before).where(runs.c.status == RunStatus.QUEUED).subquery()


def _standing(row: Any, begun: float, workers: int) -> Standing:
    """Share the work that is before a run evenly among the workers."""
    starts = (begun + row.before) / workers if workers else None
    return Standing(position=row.position, starts_in_seconds=starts)
