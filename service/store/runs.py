"""Runs in the database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, func, insert, literal, select, update

from service.actor import DELETED
from service.domain import Run, RunStatus, StopReason, now
from service.query import Comparison, Ordering
from service.store import events
from service.store.names import Names, kept_of
from service.store.next_runs import rank_of
from service.store.owned import owner_of, sees, visible
from service.store.paging import Part, part
from service.store.search import Sorting, Words, condition
from service.store.tables import runs

NAMES = tuple(field.name for field in fields(Run))
COLUMNS = tuple(runs.c[name] for name in NAMES)

Version = tuple[int, datetime]
"""The number of the last event and the time of the last change: every change of a run changes one of them."""

# Made once: to build a statement again and to find it in SQLAlchemy's cache takes longer than SQLite does.
INSERT = insert(runs)
ONE = select(*COLUMNS, runs.c.owner).where(runs.c.id == bindparam("of_run"))
WAITING = select(func.count()).where(runs.c.status == RunStatus.QUEUED)
WAITING_OF = WAITING.where(runs.c.owner == bindparam("of_owner"))

RUN_BYTES = 2500
"""What a run takes in an answer beside what clients write: 2,300 for an MLP that is trained."""
WRITTEN = ("dataset", "data", "spec", "metrics", "error", "tags")
SIZE = sum((func.coalesce(func.length(runs.c[name], type_=Integer), 0) for name in WRITTEN), start=literal(0)).label("size")
MANY = select(*COLUMNS, SIZE).where(runs.c.id.in_(bindparam("of_runs", expanding=True)))


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which runs to list; None means any."""

    status: RunStatus | None = None
    model: str | None = None
    dataset_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    where: tuple[Comparison, ...] = ()
    words: Words | None = None
    """What `where` calls each status, if not as we do."""
    created_after: datetime | None = None
    created_before: datetime | None = None


def add(db: Connection, run: Run, dataset_id: str | None) -> None:
    """Store a queued run and its first event."""
    values = {name: getattr(run, name) for name in NAMES} | {"last_event": 1, "data": kept_of(run, dataset_id)}
    values["rank"] = rank_of(db, run.priority)
    kind = run.spec["model"]["kind"]
    db.execute(INSERT, {**values, "owner": owner_of(db), "dataset_id": dataset_id, "model_kind": kind})
    events.begin(db, run.id, "state", {"status": run.status})


def get(db: Connection, run_id: str) -> Run | None:
    """Return a run, or None."""
    row = db.execute(ONE, {"of_run": run_id}).one_or_none()
    if row is None or not sees(db, row.owner):
        return None
    run = record(row)
    Names(db).give(run)
    return run


def versions(db: Connection, run_ids: Sequence[str]) -> dict[str, Version]:
    """Return the versions of those of the runs that are there."""
    query = select(runs.c.id, runs.c.last_event, runs.c.updated_at).where(runs.c.id.in_(run_ids), runs.c.owner != DELETED)
    return {row.id: (row.last_event, row.updated_at) for row in db.execute(query)}


def change(db: Connection, run_id: str, **values: Any) -> None:
    """Set name, tags or priority."""
    if "priority" in values:
        values["rank"] = rank_of(db, values["priority"])
    db.execute(update(runs).where(runs.c.id == run_id, visible(db, runs)).values(**values, updated_at=now()))


def page(db: Connection, filters: Filters, *, after: str | None, limit: int, newest_first: bool, most_bytes: int) -> Part[Run]:
    """Return up to `limit` runs, and not more than so many bytes of them, in the order of their ids: of their creation."""
    query = select(runs.c.id).order_by(runs.c.id.desc() if newest_first else runs.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(runs.c.id < after if newest_first else runs.c.id > after)
    ids = db.execute(_filtered(db, query, filters)).scalars().all()
    names = Names(db)
    return part(ids, limit, most_bytes, lambda some: _sized(db, some, names))


def ordered_page(
    db: Connection,
    filters: Filters,
    keys: Sequence[Ordering],
    *,
    after: tuple[Sequence[Any], str] | None,
    limit: int,
    newest_first: bool,
    most_bytes: int,
) -> Part[tuple[Run, list[Any]]]:
    """Return the same in the order of `keys`, each run with the values that it was ordered by.

    `after` is where to begin: the values and the id of the last run before. Runs with equal values stand in the order of
    their ids.
    """
    sorting = Sorting(keys, newest_first=newest_first, words=filters.words)
    values = [column.label(f"key_{i}") for i, column in enumerate(sorting.columns)]  # as the database reads a number
    query = select(runs.c.id, *values).order_by(*sorting.clauses()).limit(limit + 1)  # short rows: all found are sorted
    if after is not None:
        query = query.where(sorting.after(*after))
    found = {row[0]: list(row[1:]) for row in db.execute(_filtered(db, query, filters))}
    names = Names(db)

    def read(ids: Sequence[str]) -> Iterator[tuple[tuple[Run, list[Any]], int]]:
        return (((run, found[run.id]), size_bytes) for run, size_bytes in _sized(db, ids, names))

    return part(list(found), limit, most_bytes, read)


def _sized(db: Connection, ids: Sequence[str], names: Names) -> Iterator[tuple[Run, int]]:
    """Yield runs in the order of their ids in `ids`, each with about as many bytes as it takes in an answer."""
    rows = {row.id: row for row in db.execute(MANY, {"of_runs": list(ids)})}
    for row in (rows[run_id] for run_id in ids):
        run = record(row)
        yield run, RUN_BYTES + row.size + names.give(run)


def _filtered(db: Connection, query: Select[Any], filters: Filters) -> Select[Any]:
    query = query.where(visible(db, runs))
    if filters.status is not None:
        query = query.where(runs.c.status == filters.status)
    if filters.model is not None:
        query = query.where(runs.c.model_kind == filters.model)
    if filters.dataset_id is not None:
        query = query.where(runs.c.dataset_id == filters.dataset_id)
    for key, value in filters.tags:
        # Not runs.c.tags[key]: SQLite reads a quote or a backslash in a JSON path otherwise than SQLAlchemy writes it.
        tags = func.json_each(runs.c.tags).table_valued("key", "value")
        # As one text: where a key holds a colon itself, every way to read what was asked for is tried.
        query = query.where(select(tags).where(tags.c.key.concat(":").concat(tags.c.value) == f"{key}:{value}").exists())
    if filters.created_after is not None:
        query = query.where(runs.c.created_at > filters.created_after)
    if filters.created_before is not None:
        query = query.where(runs.c.created_at < filters.created_before)
    return query.where(*(condition(comparison, filters.words) for comparison in filters.where))


def count(db: Connection, status: RunStatus) -> int:
    """Return the number of runs with a status."""
    return db.execute(select(func.count()).where(runs.c.status == status, visible(db, runs))).scalar_one()


def count_of_owner(db: Connection, status: RunStatus) -> int:
    """Return the number of the actor's own runs with a status."""
    return db.execute(select(func.count()).where(runs.c.status == status, runs.c.owner == owner_of(db))).scalar_one()


def count_queued(db: Connection, *, own: bool = False) -> int:
    """Return how many runs wait, in all or of the actor; by an index that has all it needs."""
    return db.execute(WAITING_OF, {"of_owner": owner_of(db)}).scalar_one() if own else db.execute(WAITING).scalar_one()


def record(row: Sequence[Any]) -> Run:
    """Make a run of a row that begins with its columns."""
    values = dict(zip(NAMES, row, strict=False))
    values["status"] = RunStatus(values["status"])
    values["stop_reason"] = values["stop_reason"] and StopReason(values["stop_reason"])
    return Run(**values)
