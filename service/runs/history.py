"""The curves of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain import Run
from service.runs.control import find
from service.store import metrics
from service.store.unit import Database, Transaction


@dataclass(frozen=True)
class History:
    """The steps of the points in order, and the values of each series at them (None: no point)."""

    run: Run
    steps: list[int]
    series: dict[str, list[float | None]]
    total_points: int


def history(
    database: Database, run_id: str, series: Sequence[str], *, from_step: int | None = None, to_step: int | None = None
) -> History:
    """Return the points of a run between two steps, both included; a series without any point is left out."""

    def work(db: Transaction) -> History:
        run = find(db, run_id)
        steps, values = metrics.history(db, run_id, series, from_step=from_step, to_step=to_step)
        present = {name: points for name, points in values.items() if any(point is not None for point in points)}
        return History(run, steps, present, metrics.count(db, run_id))

    return database.read(work)
