"""The curves of a run as lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from service.domain import Run
from service.runs.chosen import Asked, Chosen, Notes, choose
from service.runs.kept_curves import CurveCache
from service.store.unit import Database


@dataclass(frozen=True)
class History:
    """The steps of the points in order, and the values of each series at them: None if it has no point, NaN as such."""

    run: Run
    steps: list[int]
    series: dict[str, list[float | None]]
    nonfinite: Notes
    """For each series that has any, the points that are not finite: step, and `nan`, `inf` or `-inf`."""
    total_points: int
    """Points of the whole run."""
    downsampled: bool
    """Whether points between the two steps were left out."""

    @classmethod
    def of(cls, chosen: Chosen) -> Self:
        """Return chosen points as lists."""
        steps: list[int] = []
        series: dict[str, list[float | None]] = {name: [] for name in chosen.names}
        for block in chosen.blocks(chosen.names):
            steps += block.steps.tolist()
            for name in chosen.names:
                series[name] += block.values(name)
        return cls(chosen.run, steps, series, chosen.nonfinite, chosen.total_points, chosen.downsampled)


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

    If there are more than `max_points`, some are chosen as `steps_to_keep` says.
    """
    return History.of(choose(database, Asked(run_id, tuple(series), from_step, to_step, max_points), cache))
