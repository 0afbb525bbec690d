"""Find runs by a filter, in an order, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain import Run
from service.errors import FieldProblem, InvalidInput
from service.query import Ordering, cursor
from service.store import runs
from service.store.unit import Database


@dataclass(frozen=True)
class Found:
    """One page of runs, and what `after` of the next one is; None at the end."""

    runs: list[Run]
    next_after: str | None


def search(
    database: Database,
    filters: runs.Filters,
    keys: Sequence[Ordering],
    *,
    after: str | None,
    limit: int,
    newest_first: bool,
    most_bytes: int,
    name: str = "after",
) -> Found:
    """Return up to `limit` runs that pass the filters, in the order of `keys`; raise InvalidInput for a bad `after`.

    A page that would be larger than `most_bytes` ends early, but has at least one run.

    Without keys the order is that of creation, and `after` is the id of the last run before. With keys it holds the values
    of that run too: pages then neither repeat nor skip a run that stays as it is, whatever becomes of the others. `name` is
    what the request calls `after`.
    """
    if not keys:
        if after is not None and after.startswith(cursor.PREFIX):
            raise InvalidInput(FieldProblem(("query", "after"), "after is a place in an order, but there is no order_by"))
        found = database.read(
            lambda db: runs.page(db, filters, after=after, limit=limit, newest_first=newest_first, most_bytes=most_bytes)
        )
        return Found(found.rows, found.rows[-1].id if found.more else None)
    place = None if after is None else cursor.read(after, keys, name)
    ordered = database.read(
        lambda db: runs.ordered_page(
            db, filters, keys, after=place, limit=limit, newest_first=newest_first, most_bytes=most_bytes
        )
    )
    rest = cursor.write(keys, ordered.rows[-1][1], ordered.rows[-1][0].id) if ordered.more else None
    return Found([run for run, _ in ordered.rows], rest)
