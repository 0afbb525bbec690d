"""Deletion of runs in pieces, so that no transaction holds the write lock for long.

One short transaction hides a run: it then belongs to `DELETED`, whose things nobody sees or counts. Later ones delete its rows,
and the last one the run itself. A piece depends on nothing but the database: after a kill, or from two servers at once,
the next piece goes on with what is left.
"""

from collections.abc import Iterable
from itertools import accumulate

from sqlalchemy import Connection, Table, delete, select, update

from service.actor import DELETED
from service.domain import RunStatus
from service.store.owned import visible
from service.store.tables import attempts, checkpoints, events, metrics, runs

ROWS = 5000
"""Most rows of a piece: 6 ms of metric points."""
BYTES = 16 * 1024 * 1024
"""Most bytes of checkpoints of a piece, unless the first one is larger: 12 ms."""
MOST_CHECKPOINTS = 500
LARGE = ("dataset", "data", "spec", "metrics", "tags")
"""Columns that may be large; the row of the run is written again with each checkpoint that goes."""
NUMBERED: tuple[tuple[Table, str], ...] = ((metrics, "step"), (events, "seq"), (attempts, "attempt"))

FIRST = select(runs.c.id).where(runs.c.status == RunStatus.CANCELLED, runs.c.owner == DELETED).limit(1)  # in the queue's index


def remove(db: Connection, run_id: str, statuses: Iterable[RunStatus]) -> bool:
    """Delete a run with the first piece of its rows, if its status is one of those given; return whether it was.

    It no longer uses its dataset, and what its owner has stored is less by all of it.
    """
    hidden = _hide(db, run_id, statuses)
    if hidden:
        piece(db, run_id)
    return hidden


def _hide(db: Connection, run_id: str, statuses: Iterable[RunStatus]) -> bool:
    here = (runs.c.id == run_id, visible(db, runs), runs.c.status.in_(list(statuses)))
    empty: dict[str, dict[str, object]] = {name: {} for name in LARGE}
    emptied = update(runs).where(*here).values(**empty, dataset_id=None, error=None, status=RunStatus.CANCELLED)
    if db.execute(emptied).rowcount != 1:
        return False
    db.execute(update(runs).where(runs.c.id == run_id).values(owner=DELETED))  # on its own: a trigger for each sees one change
    return True


def first(db: Connection) -> str | None:
    """Return a deleted run that still has rows, or None."""
    return db.execute(FIRST).scalar_one_or_none()


def piece(db: Connection, run_id: str) -> bool:
    """Delete some rows of a deleted run, and the run with the last of them; return whether it is gone."""
    left = ROWS
    for table, name in NUMBERED:
        left -= _some(db, table, name, run_id, left)
        if left <= 0:
            return False
    if not _some_checkpoints(db, run_id):
        return False
    db.execute(delete(runs).where(runs.c.id == run_id, runs.c.owner == DELETED))
    return True


def _some(db: Connection, table: Table, name: str, run_id: str, limit: int) -> int:
    """Delete the first rows of a run; return how many."""
    number = table.c[name]
    numbers = select(number).where(table.c.run_id == run_id).order_by(number).limit(limit)
    return db.execute(delete(table).where(table.c.run_id == run_id, number.in_(numbers))).rowcount


def _some_checkpoints(db: Connection, run_id: str) -> bool:
    """Delete the first checkpoints of a run; return whether there are no more."""
    sized = select(checkpoints.c.id, checkpoints.c.size_bytes).where(checkpoints.c.run_id == run_id)
    found = db.execute(sized.order_by(checkpoints.c.step).limit(MOST_CHECKPOINTS + 1)).all()
    sums = accumulate(row.size_bytes for row in found)
    ids = [
        row.id for i, (row, total) in enumerate(zip(found[:MOST_CHECKPOINTS], sums, strict=False)) if not i or total <= BYTES
    ]
    db.execute(delete(checkpoints).where(checkpoints.c.id.in_(ids)))
    return len(ids) == len(found)
