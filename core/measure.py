"""The metrics of a step."""

from collections.abc import Callable
from math import exp, isfinite

import numpy as np

from core.evaluate import accuracy
from core.models.base import LossParts, Program
from core.problem import Problem
from core.state import TrainState
from core.types import Floats, Ints, Point, never


class Measure:
    """Makes the metric point of a step.

    The training metrics are over the whole training part. With full batches they come from the forward pass that the
    step needs anyway; with mini-batches or dropout they cost a pass of their own. Of text, they are those of the window
    that is read next, in nats per character, with a smoothed loss beside them.
    """

    def __init__(self, problem: Problem, state: TrainState, *, full_batch: bool) -> None:
        self._state, self._rate = state, problem.rate
        self._text = problem.symbols is not None
        apart = problem.model.noisy or not (full_batch or self._text)
        self._train = problem.evaluator(state.theta, problem.train) if apart else None
        self._validation = problem.evaluator(state.theta, problem.validation) if len(problem.validation[1]) else None

    def __call__(self, program: Program, y: Ints, interrupted: Callable[[], bool] = never) -> Point:
        """Measure the parameters as they are; `program` has just gone forward, over labels y.

        Raise Interrupted where `interrupted()` is true before the end. Parameters that are not finite are measured to the end:
        nothing can go on from them.
        """
        finite = self._state.finite
        interrupted = interrupted if finite else never
        if self._train is None:
            parts, train_accuracy = program.loss(), accuracy(program.scores, y)
        else:
            parts, train_accuracy = self._train(interrupted)
        metrics = _losses(parts) | {"train_accuracy": train_accuracy, "learning_rate": self._rate(self._state.step)}
        if self._state.smooth_loss is not None:
            metrics["smooth_loss"] = self._state.smooth_loss
        if self._validation is not None:
            val_parts, val_accuracy = self._validation(interrupted)
            metrics |= {"val_loss": sum(val_parts), "val_accuracy": val_accuracy}
            if self._text:
                metrics["val_perplexity"] = exp(min(val_parts.data, 700.0))
        return Point(self._state.step, metrics, finite=isfinite(metrics["loss"]) and finite)


def _losses(parts: LossParts) -> dict[str, float]:
    return {"loss": parts.data + parts.reg, "data_loss": parts.data, "reg_loss": parts.reg}


def norm(flat: Floats) -> float:
    """Return the length of a vector, in float64: the squares of float32 may leave its range."""
    return float(np.linalg.norm(flat.astype(np.float64)))
