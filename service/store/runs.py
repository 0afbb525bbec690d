"""Runs in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select

from service.domain import Run, RunStatus, StopReason
from service.store import events
from service.store.tables import runs

COLUMNS = tuple(runs.c[field.name] for field in fields(Run))

# Made once: to build a statement again and to find it in SQLAlchemy's cache takes longer than SQLite does.
INSERT = insert(runs)
GET = select(*COLUMNS).where(runs.c.id == bindparam("run_id"))
COUNT = select(func.count()).where(runs.c.status == bindparam("of_status"))


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which runs to list; None means any."""

    status: RunStatus | None = None
    model: str | None = None
    dataset_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()


def add(db: Connection, run: Run, dataset_id: str | None, priority: int = 0) -> None:
    """Store a queued run and its first event."""
    values = {field.name: getattr(run, field.name) for field in fields(Run)}
    db.execute(INSERT, {**values, "dataset_id": dataset_id, "model_kind": run.spec["model"]["kind"], "priority": priority})
    events.append(db, run.id, [("state", {"status": run.status})])


def get(db: Connection, run_id: str) -> Run | None:
    """Return a run, or None."""
    row = db.execute(GET, {"run_id": run_id}).one_or_none()
    return _record(row) if row is not None else None


def page(db: Connection, filters: Filters, *, after: str | None, limit: int, newest_first: bool) -> list[Run]:
    """Return up to `limit` runs in the order of their ids, which is that of their creation."""
    query = select(*COLUMNS).order_by(runs.c.id.desc() if newest_first else runs.c.id).limit(limit)
    if after is not None:
        query = query.where(runs.c.id < after if newest_first else runs.c.id > after)
    if filters.status is not None:
        query = query.where(runs.c.status == filters.status)
    if filters.model is not None:
        query = query.where(runs.c.model_kind == filters.model)
    if filters.dataset_id is not None:
        query = query.where(runs.c.dataset_id == filters.dataset_id)
    for key, value in filters.tags:
        # Not runs.c.tags[key]: SQLite reads a quote or a backslash in a JSON path otherwise than SQLAlchemy writes it.
        tags = func.json_each(runs.c.tags).table_valued("key", "value")
        query = query.where(select(tags).where(tags.c.key == key, tags.c.value == value).exists())
    return [_record(row) for row in db.execute(query)]


def count(db: Connection, status: RunStatus) -> int:
    """Return the number of runs with a status."""
    return int(db.execute(COUNT, {"of_status": status}).scalar_one())


def remove(db: Connection, run_id: str, statuses: Iterable[RunStatus]) -> bool:
    """Delete a run with all that belongs to it, if its status is one of those given; return whether it was."""
    return db.execute(delete(runs).where(runs.c.id == run_id, runs.c.status.in_(list(statuses)))).rowcount == 1


def _record(row: Row[Any]) -> Run:
    values = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's documented way to a mapping)
    values["status"] = RunStatus(values["status"])
    values["stop_reason"] = values["stop_reason"] and StopReason(values["stop_reason"])
    return Run(**values)


def ids_using(db: Connection, dataset_id: str, limit: int) -> Sequence[str]:
    """Return ids of runs that were trained on a stored dataset."""
    return db.execute(select(runs.c.id).where(runs.c.dataset_id == dataset_id).order_by(runs.c.id).limit(limit)).scalars().all()
