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
    name: str = "after",
) -> Found:
    """Return up to `limit` runs that pass the filters, in the order of `keys`; raise InvalidInput for a bad `after`.

    Without keys the order is that of creation, and `after` is the id of the last run before. With keys it holds the values
    of that run too: pages then neither repeat nor skip a run that stays as it is, whatever becomes of the others. `name` is
    what the request calls `after`.
    """
    if not keys:
        if after is not None and after.startswith(cursor.PREFIX):
            raise InvalidInput(FieldProblem(("query", "after"), "after is a place in an order, but there is no order_by"))
        found = database.read(lambda db: runs.page(db, filters, after=after, limit=limit + 1, newest_first=newest_first))
        return Found(found[:limit], found[limit - 1].id if len(found) > limit else None)
    place = None if after is None else cursor.read(after, keys, name)
    ordered = database.read(
        lambda db: runs.ordered_page(db, filters, keys, after=place, limit=limit + 1, newest_first=newest_first)
    )
    page = ordered[:limit]
    rest = cursor.write(keys, page[-1][1], page[-1][0].id) if len(ordered) > limit else None
    return Found([run for run, _ in page], rest)
