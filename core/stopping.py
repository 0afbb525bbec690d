"""When to end a run before its last step: it is good enough, or no longer gets better; and with which weights."""

from math import inf

import numpy as np

from core.spec import LARGER_IS_BETTER, EarlyStopping, Target
from core.state import TrainState
from core.types import Point


def better_if_less(metric: str) -> float:
    """Return what to multiply a series with so that less is better."""
    return -1.0 if metric in LARGER_IS_BETTER else 1.0


def reached(target: Target | None, point: Point) -> bool:
    """Whether a point is at the target or beyond it."""
    if target is None:
        return False
    sign = better_if_less(target.metric)
    return sign * point.metrics[target.metric] <= sign * target.value


class EarlyStop:
    """Watches a series from point to point; what it remembers is part of the state.

    Source: Prechelt, Early Stopping, But When?, 1998: stop after `patience` points without an improvement.
    """

    def __init__(self, spec: EarlyStopping, state: TrainState) -> None:
        self._spec, self._state = spec, state
        self._sign = better_if_less(spec.metric)

    def see(self, point: Point) -> None:
        """Take a point; if patience is at its end, mark the state as stopped and give it back its best weights."""
        spec, state = self._spec, self._state
        value = self._sign * point.metrics[spec.metric]
        if value < (inf if state.best_value is None else state.best_value) - spec.min_delta:
            state.best_value, state.waited = value, 0
            state.best_theta = state.theta.copy() if spec.restore_best else None
            return
        state.waited += 1
        if state.waited >= spec.patience:
            state.stopped, state.restored = True, state.best_theta is not None
            if state.best_theta is not None:
                np.copyto(state.theta, state.best_theta)
