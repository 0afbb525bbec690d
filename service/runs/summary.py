"""The series of a run in short: last, best and where the best was."""

import math
from typing import Any

from core.spec import LARGER_IS_BETTER
from core.types import Point
from service.domain import SMALLER_IS_BETTER

Summary = dict[str, dict[str, Any]]
"""For each series: last, best and best_step."""


def add(summary: Summary, point: Point) -> None:
    """Bring a summary up to date with a point."""
    for name, value in point.metrics.items():
        known = summary.setdefault(name, {"last": None, "best": None, "best_step": None})
        known["last"] = value if math.isfinite(value) else None
        if name not in SMALLER_IS_BETTER and name not in LARGER_IS_BETTER:
            continue
        best = known["best"]
        if math.isfinite(value) and (best is None or (value > best if name in LARGER_IS_BETTER else value < best)):
            known["best"], known["best_step"] = value, point.step


def best(summary: Summary) -> float:
    """Return the best value of the series that decides; infinity if there is none yet."""
    value = summary.get(deciding(summary), {}).get("best")
    return math.inf if value is None else value


def deciding(series: Any) -> str:
    """Return the series whose best makes the best checkpoint: the held-out loss if there is one, else the loss."""
    return "val_loss" if "val_loss" in series else "loss"
