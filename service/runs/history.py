"""The curves of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.domain import Run
from service.runs.control import find
from service.runs.sample import rows_to_keep
from service.store import metrics
from service.store.metrics import Curves
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
) -> History:
    """Return the points of a run between two steps, both included; a series without any point is left out.

    If there are more than `max_points`, some are chosen as `rows_to_keep` says.
    """

    def work(db: Transaction) -> tuple[Run, Curves, int]:
        run = find(db, run_id)
        known = [name for name in series if name in run.metrics]
        curves = metrics.history(db, run_id, known, from_step=from_step, to_step=to_step)
        whole = from_step is None and to_step is None
        return run, curves, len(curves.steps) if whole else metrics.count(db, run_id)

    run, curves, total = database.read(work)
    present = {name: values for name, values in curves.series.items() if any(value is not None for value in values)}
    kinds = {
        name: [(curves.steps[row], str(curves.series[name][row])) for row in rows] for name, rows in curves.nonfinite.items()
    }
    steps = curves.steps
    if max_points is not None and max_points < len(steps):
        always = np.unique([row for rows in curves.nonfinite.values() for row in rows]).astype(np.int64)
        values = np.array(list(present.values()), np.float64).reshape(-1, len(steps))
        rows = rows_to_keep(values, always, max_points).tolist()
        steps, present = [steps[row] for row in rows], {name: [v[row] for row in rows] for name, v in present.items()}
    return History(run, steps, present, kinds, total, len(steps) < len(curves.steps))
