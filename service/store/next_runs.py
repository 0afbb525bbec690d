"""Which of the runs that wait is trained next.

Owners take turns: next is one of the owner with the fewest that are running, of several such owners the one whose last turn is
the longest ago. Of one owner it is the oldest run of the highest priority. A priority above 0 that an admin gave counts among
the runs of all owners, and before the turns.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Row, bindparam, case, func, or_, select

from service.actor import NOBODY
from service.domain import RunStatus
from service.store.owned import actor_of
from service.store.tables import runs
from service.store.usage import take_turn, usage

ACROSS = 1000
"""What the rank of a run is above its priority, if that counts among the runs of all owners."""


def rank_of(db: Connection, priority: int) -> int:
    """Return by what a run is ordered to which the actor gives a priority."""
    return priority + (ACROSS if priority > 0 and actor_of(db).sees_all else 0)


def urgent(rank: ColumnElement[int]) -> ColumnElement[int]:
    """Return by what runs are ordered before their owners' turns count."""
    return case((rank > ACROSS, rank), else_=0)


# Looks into the index of the queue, four for each owner that has ever had a run: not one row of those that wait is sorted.
of, most = runs.alias(), bindparam("most", type_=Integer)
HEAD = select(func.max(of.c.rank)).where(of.c.status == RunStatus.QUEUED, of.c.owner == usage.c.owner)
BEGUN = select(func.count()).where(of.c.status == RunStatus.RUNNING, of.c.owner == usage.c.owner)
head, begun = HEAD.correlate(usage).scalar_subquery(), BEGUN.correlate(usage).scalar_subquery()
owners = select(usage.c.owner, usage.c.turn, head.label("rank"), begun.label("begun")).subquery()
TURN = (
    select(owners.c.owner, owners.c.rank)
    .where(owners.c.rank.is_not(None), or_(owners.c.owner == NOBODY, most.is_(None), owners.c.begun < most))
    .order_by(urgent(owners.c.rank).desc(), owners.c.begun, owners.c.turn, owners.c.owner)
    .limit(1)
).cte("turn")
OLDEST = select(func.min(of.c.id)).where(of.c.status == RunStatus.QUEUED, of.c.owner == TURN.c.owner, of.c.rank == TURN.c.rank)
NEXT = select(runs.c.id, runs.c.attempt, runs.c.started_at, runs.c.owner).where(
    runs.c.id == select(OLDEST.correlate(TURN).scalar_subquery()).select_from(TURN).scalar_subquery()
)


def next_runs(db: Connection, of_one_owner: int | None) -> Sequence[Row[str, int, datetime | None, Any]]:
    """Return the next run to claim, whose owner has had a turn with that; nothing if there is none.

    With `of_one_owner`, that many of one owner may be running; of nobody's any number.
    """
    found = db.execute(NEXT, {"most": of_one_owner}).all()
    for row in found:
        take_turn(db, row.owner)
    return found
