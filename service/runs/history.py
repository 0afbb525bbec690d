"""The curves of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.domain import Run
from service.runs.control import find
from service.runs.kept_curves import CurveCache
from service.runs.sample import rows_to_keep
from service.store import metrics
from service.store.curves import Curves
from service.store.unit import Database, Transaction


@dataclass(frozen=True)
class History:
    """The steps of the points in order, and the values of each series at them: None if it has no point, NaN as such."""

    run: Run
    steps: list[int]
    series: dict[str, list[float | None]]
    nonfinite: dict[str, list[tuple[int, str]]]
    """For each series that has any, the points that are not finite: step, and `nan`, `inf` or `-inf`."""
    total_points: int
    """Points of the whole run."""
    downsampled: bool
    """Whether points between the two steps were left out."""


def history(
    database: Database,
    run_id: str,
    series: Sequence[str],
    *,
    from_step: int | None = None,
    to_step: int | None = None,
    max_points: int | None = None,
    cache: CurveCache | None = None,
) -> History:
    """Return the points of a run between two steps, both included; a series without any point is left out.

    If there are more than `max_points`, some are chosen as `rows_to_keep` says.
    """

    def work(db: Transaction) -> tuple[Run, Curves]:
        run, last = find(db, run_id), metrics.last_step(db, run_id)
        kept = cache.get(key) if cache is not None else None
        if kept is not None and kept.last_step >= last:
            return run, kept.between(None, last)  # another thread may have kept what came after our look at the run
        names = [name for name in series if name in run.metrics]
        read = metrics.history(db, run_id, names, after=None if kept is None else kept.last_step)
        return run, read if kept is None else kept.then(read)

    key = (run_id, tuple(series))
    run, whole = database.read(work)
    if cache is not None:
        cache.put(key, whole)
    curves = whole.between(from_step, to_step)
    chosen = curves
    if max_points is not None and max_points < len(curves):
        steps = sorted({step for notes in curves.nonfinite.values() for step, _ in notes})
        values = np.array(list(curves.series.values())).reshape(-1, len(curves))
        chosen = curves.take(rows_to_keep(values, np.searchsorted(curves.steps, steps), max_points))
    plain = {name: chosen.values(name) for name in series if name in chosen.series}
    present = {name: values for name, values in plain.items() if any(value is not None for value in values)}
    return History(run, chosen.steps.tolist(), present, curves.nonfinite, len(whole), len(chosen) < len(curves))
