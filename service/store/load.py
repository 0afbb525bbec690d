"""How much there is to do."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from service.domain import RunStatus
from service.store.tables import runs


@dataclass(frozen=True)
class Load:
    """Runs that wait and that are being trained, and the steps per second of the latter together."""

    queued: int
    running: int
    steps_per_second: float


def now(db: Connection) -> Load:
    """Return the load, in one query over the index of the queue: runs that have ended are not looked at."""
    query = (
        select(runs.c.status, func.count().label("number"), func.sum(runs.c.steps_per_second).label("rate"))
        .where(runs.c.status.in_([RunStatus.QUEUED, RunStatus.RUNNING]))
        .group_by(runs.c.status)
    )
    found = {row.status: row for row in db.execute(query)}
    queued, running = found.get(RunStatus.QUEUED), found.get(RunStatus.RUNNING)
    return Load(queued.number if queued else 0, running.number if running else 0, (running and running.rate) or 0.0)
