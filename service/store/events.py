"""The events of a run: one sequence without a gap, the same numbers wherever they are read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from service.domain import Event, now
from service.store.tables import events, runs


def append(db: Connection, run_id: str, happened: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Add events (kind, data) to a run, in the transaction of what they tell about."""
    if not happened:
        return
    last = db.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(last_event=runs.c.last_event + len(happened))
        .returning(runs.c.last_event)
    ).scalar_one()
    moment, first = now(), last - len(happened) + 1
    db.execute(
        insert(events),
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
