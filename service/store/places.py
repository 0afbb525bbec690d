"""The place of a run in the queue, and when it begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, Row, String, bindparam, case, func, select, union_all

from service.domain import Run, RunStatus
from service.store.next_runs import ACROSS, urgent
from service.store.tables import runs
from service.store.usage import usage

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

OWN = func.coalesce(runs.c.estimated_seconds, 0.0)
RUNNING = select(runs.c.owner, func.count().label("number")).where(runs.c.status == RunStatus.RUNNING)
OF_OWNER = RUNNING.group_by(runs.c.owner).subquery()
PLACE_OF_OWNER = func.row_number().over(partition_by=runs.c.owner, order_by=(runs.c.rank.desc(), runs.c.id))
ROUNDS = (
    select(
        runs.c.id,
        runs.c.owner,
        runs.c.rank,
        OWN.label("seconds"),
        usage.c.turn,
        (PLACE_OF_OWNER + func.coalesce(OF_OWNER.c.number, 0)).label("round"),
    )
    .join(usage, usage.c.owner == runs.c.owner)
    .outerjoin(OF_OWNER, OF_OWNER.c.owner == runs.c.owner)
    .where(QUEUED)
    .subquery()
)
ORDER = (urgent(ROUNDS.c.rank).desc(), ROUNDS.c.round, ROUNDS.c.turn, ROUNDS.c.owner)
NUMBERED = select(
    ROUNDS.c.id,
    func.row_number().over(order_by=ORDER).label("position"),
    (func.sum(ROUNDS.c.seconds).over(order_by=ORDER, rows=(None, 0)) - ROUNDS.c.seconds).label("before"),
).subquery()
"""All queued runs in the order of `next_runs` as the turns stand now: the first is the next to be claimed.

`before` sums the estimates of those before each.
"""
PLACES = select(NUMBERED, BEGUN).where(NUMBERED.c.id.in_(bindparam("of_runs", expanding=True)))

ID, OWNER, RANK = bindparam("of_run", type_=String), bindparam("of_owner", type_=String), bindparam("of_rank", type_=Integer)
OF_QUEUED = select(runs.c.owner, runs.c.rank).where(runs.c.id == ID)
SUM = (func.count().label("runs"), func.sum(runs.c.estimated_seconds).label("seconds"))
SOONER = union_all(  # two ranges of the index: one condition with "or" takes half as long again
    select(*SUM).where(QUEUED, runs.c.owner == OWNER, runs.c.rank > RANK),
    select(*SUM).where(QUEUED, runs.c.owner == OWNER, runs.c.rank == RANK, runs.c.id < ID),
).subquery()
PLACE = (
    select(
        func.sum(SOONER.c.runs).label("before"),
        func.coalesce(func.sum(SOONER.c.seconds), 0.0).label("seconds"),
        usage.c.turn,
        select(func.count())
        .where(runs.c.status == RunStatus.RUNNING, runs.c.owner == OWNER)
        .scalar_subquery()
        .label("running"),
        BEGUN,
    )
    .join_from(usage, SOONER, usage.c.owner == OWNER)
    .group_by(usage.c.turn)
)
"""What is before one queued run of those of its owner."""
URGENT = runs.c.rank > ACROSS
WAITING = (
    select(
        runs.c.owner,
        func.count().label("runs"),
        func.sum(OWN).label("seconds"),
        func.sum(case((URGENT, 1), else_=0)).label("urgent"),
        func.sum(case((URGENT, OWN), else_=0.0)).label("urgent_seconds"),
    )
    .where(QUEUED, runs.c.owner != OWNER)
    .group_by(runs.c.owner)
    .subquery()
)
OTHERS = (
    select(WAITING, usage.c.turn, func.coalesce(OF_OWNER.c.number, 0).label("running"))
    .join(usage, usage.c.owner == WAITING.c.owner)
    .outerjoin(OF_OWNER, OF_OWNER.c.owner == WAITING.c.owner)
)
"""What waits of other owners, in sum."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The place of a queued run: that at position 1 is begun next."""

    position: int
    starts_in_seconds: float | None
    """Estimated from what is before it; None if nothing can be said, as without workers."""


def standings(db: Connection, queued: Sequence[Run], workers: int) -> dict[str, Standing]:
    """Return the places of queued runs by their ids."""
    if not queued:
        return {}
    ids = [run.id for run in queued]
    if len(ids) == 1:  # every run that is created is shown: 3 against 30 ms when 5,000 wait
        found = db.execute(OF_QUEUED, {"of_run": ids[0]}).one_or_none()
        if found is not None and found.rank < ACROSS:
            return {ids[0]: _place(db, ids[0], found, workers)}
    rows = db.execute(PLACES, {"of_runs": ids})
    return {row.id: share(row.position, row.begun + row.before, workers) for row in rows}


def _place(db: Connection, run_id: str, found: Row[str, int], workers: int) -> Standing:
    """Return the place of a run that is not urgent, as `NUMBERED` has it, from sums: of others' runs the mean estimate."""
    own = db.execute(PLACE, {"of_run": run_id, "of_owner": found.owner, "of_rank": found.rank}).one()
    position, seconds, rounds = own.before + 1, own.seconds, own.before + 1 + own.running
    for other in db.execute(OTHERS, {"of_owner": found.owner}):
        earlier = (other.turn, other.owner) < (own.turn, found.owner)
        plain = other.runs - other.urgent
        sooner = min(max(rounds - 1 + earlier - other.running - other.urgent, 0), plain)
        position += other.urgent + sooner
        seconds += other.urgent_seconds + ((other.seconds - other.urgent_seconds) * sooner / plain if sooner else 0.0)
    return share(position, own.begun + seconds, workers)


def share(position: int, seconds: float, workers: int) -> Standing:
    """Share the work that is before a run evenly among the workers."""
    return Standing(position=position, starts_in_seconds=seconds / workers if workers else None)
