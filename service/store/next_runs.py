"""Which of the runs that wait are trained next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, or_, select

from service.actor import NOBODY
from service.domain import RunStatus
from service.store.tables import runs

# The oldest of the highest priority. Ordered by both at once, all queued runs would be sorted: 5 ms for 10,000 of them.
QUEUED = runs.c.status == RunStatus.QUEUED
HIGHEST = select(func.max(runs.c.priority)).where(QUEUED).scalar_subquery()
NEXT = (
    select(runs.c.id, runs.c.attempt, runs.c.started_at)
    .where(QUEUED, runs.c.priority == HIGHEST)
    .order_by(runs.c.id)
    .limit(bindparam("wanted"))
)


def next_runs(db: Connection, wanted: int, of_one_owner: int | None) -> Sequence[Row[str, int, datetime | None]]:
    """Return the next runs to claim; not all that are wanted need to come at once."""
    if of_one_owner is None:
        return db.execute(NEXT, {"wanted": wanted}).all()
    order = (runs.c.priority.desc(), runs.c.id)
    queued = select(runs.c.id, runs.c.attempt, runs.c.started_at).where(QUEUED, runs.c.id.in_(_within(of_one_owner, order)))
    return db.execute(queued.order_by(*order).limit(wanted)).all()


def _within(most: int, order: Sequence[ColumnElement[Any]]) -> Select[tuple[str]]:
    """Select the queued runs that can begin without more than `most` of their owner running."""
    other = runs.alias()
    begun = select(func.count()).where(other.c.status == RunStatus.RUNNING, other.c.owner == runs.c.owner)
    place = func.row_number().over(partition_by=runs.c.owner, order_by=order)
    ranked = select(runs.c.id, runs.c.owner, (place + begun.scalar_subquery()).label("would_run"))
    waiting = ranked.where(runs.c.status == RunStatus.QUEUED).subquery()
    return select(waiting.c.id).where(or_(waiting.c.owner == NOBODY, waiting.c.would_run <= most))
