"""The events of a run: one sequence without a gap, the same numbers wherever they are read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from service.domain import Event, now
from service.store.tables import events, runs

# Made once, as in runs.py.
INSERT = insert(events)
NUMBER = (
    update(runs)
    .where(runs.c.id == bindparam("of_run"))
    .values(last_event=runs.c.last_event + bindparam("more"))
    .returning(runs.c.last_event)
)


def append(db: Connection, run_id: str, happened: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Add events (kind, data) to a run, in the transaction of what they tell about."""
    if not happened:
        return
    last: int = db.execute(NUMBER, {"of_run": run_id, "more": len(happened)}).scalar_one()
    _insert(db, run_id, last - len(happened) + 1, happened)


def begin(db: Connection, run_id: str, kind: str, data: dict[str, Any]) -> None:
    """Add the first event of a run that was stored with `last_event` 1."""
    _insert(db, run_id, 1, [(kind, data)])


def _insert(db: Connection, run_id: str, first: int, happened: Sequence[tuple[str, dict[str, Any]]]) -> None:
    moment = now()
    db.execute(
        INSERT,
        [
            {"run_id": run_id, "seq": first + i, "kind": kind, "data": data, "created_at": moment}
            for i, (kind, data) in enumerate(happened)
        ],
    )


class Commit(NamedTuple):
    """The points of one transaction, and when it was."""

    from_step: int
    to_step: int
    moment: datetime


def metric_commits(db: Connection, run_id: str) -> list[Commit]:
    """Return which points of a run became durable when, in order."""
    query = (
        select(events.c.data, events.c.created_at)
        .where(events.c.run_id == run_id, events.c.kind == "metrics")
        .order_by(events.c.seq)
    )
    return [Commit(row.data["from_step"], row.data["to_step"], row.created_at) for row in db.execute(query)]


def page(db: Connection, run_id: str, *, after: int, limit: int) -> list[Event]:
    """Return up to `limit` events with a number greater than `after`, in order."""
    query = (
        select(events.c.seq, events.c.kind, events.c.data, events.c.created_at)
        .where(events.c.run_id == run_id, events.c.seq > after)
        .order_by(events.c.seq)
        .limit(limit)
    )
    return [Event(**row._mapping) for row in db.execute(query)]  # noqa: SLF001
