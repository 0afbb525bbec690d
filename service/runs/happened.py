"""What a commit of a worker tells as events."""

import math
from typing import Any

from core.types import Point
from service.domain import Checkpoint
from service.store.checkpoints import Snapshot


def happened(
    points: list[Point], saved: list[Checkpoint], snapshots: list[Snapshot], *, last_step: int | None
) -> list[tuple[str, dict[str, Any]]]:
    """Tell the interval as events: of checkpoints the milestones, and of a text the one that the run ends with, at `last_step`.

    A best is passing: the next commit may replace it.
    """
    told: list[tuple[str, dict[str, Any]]] = []
    if points:
        last = {name: value if math.isfinite(value) else None for name, value in points[-1].metrics.items()}
        told.append(("metrics", {"from_step": points[0].step, "to_step": points[-1].step, "points": len(points), "last": last}))
    for checkpoint, snapshot in zip(saved, snapshots, strict=True):
        if snapshot.kept or (snapshot.sample is not None and snapshot.step == last_step):
            written = {} if snapshot.sample is None else {"sample": snapshot.sample}
            told.append(("checkpoint", {"id": checkpoint.id, "step": checkpoint.step, **written}))
    return told
