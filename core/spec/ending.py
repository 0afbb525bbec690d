"""What ends a run before its last step."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.fields import Limits

LARGER_IS_BETTER = frozenset({"train_accuracy", "val_accuracy"})
"""Of any other series that has a better, the smaller."""

Watched = Literal["val_loss", "val_accuracy", "loss", "train_accuracy"]


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """End a run that no longer gets better: when patience is at its end."""

    metric: Annotated[Watched, Limits(doc="the series that is watched")] = "val_loss"
    patience: Annotated[int, Limits(ge=1, le=10**6, doc="metric points in a row without an improvement")] = 10
    min_delta: Annotated[float, Limits(ge=0, le=1e6, doc="an improvement is more than this")] = 0.0
    restore_best: Annotated[
        bool, Limits(doc="then give back the weights of the best point; a run that ends otherwise keeps its last")
    ] = True


@dataclass(frozen=True, kw_only=True)
class Target:
    """End a run that is good enough."""

    metric: Annotated[Watched, Limits(doc="the series that is watched")] = "val_accuracy"
    value: Annotated[float, Limits(ge=0, le=1e6, doc="end at an accuracy of at least, or a loss of at most this")]
