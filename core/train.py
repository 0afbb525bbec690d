"""The training loop: one for every model. It knows no storage, no clock and no process."""

from collections.abc import Callable, Iterator
from math import isfinite

import numpy as np

from core.errors import Diverged
from core.measure import Measure, norm
from core.models import Model
from core.models.base import Program
from core.noise import Noise
from core.problem import Problem
from core.state import TrainState
from core.stopping import EarlyStop, reached
from core.types import DType, Floats, Ints, Point, never

SMOOTHING = 0.001  # share of a new window in the smoothed loss of text, as in min-char-rnn


def quiet() -> np.errstate:
    """Return the context to train in: numbers that leave the finite range are found and raised as Diverged, not warned of."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def train(
    problem: Problem, state: TrainState, over: Callable[[], bool] = never, interrupted: Callable[[], bool] = never
) -> Iterator[Point | None]:
    """Move `state` on to the last step, in place; resume from wherever it stands. Asked at each step, `over` makes it the last.

    Yields once before each step and once at the end: the metrics where they are logged, else None. At each yield the
    state is whole, and known to have a finite loss and gradient: stop there and go on later, and the bits of the result
    are the same. Call it under `quiet`. Early stopping and a target that is reached mark the state as stopped.
    Raises Diverged when a loss or a gradient is no longer finite; if the step is logged, its point comes first.
    Raises Interrupted where `interrupted()` is true within a measurement: go on from the state of an earlier yield then.
    """
    plan = problem.spec.training
    steps, log_every = plan.steps or 0, plan.log_every or 1
    programs = Programs(problem, state)
    measure = Measure(problem, state, full_batch=programs.full_batch)
    update = Update(problem, state)
    watch = EarlyStop(plan.early_stopping, state) if plan.early_stopping else None
    while True:
        program, y = programs.at(state.step)
        carry = program.forward(None if programs.starts(state.step) else state.carry)
        last, point, bad = over() or state.step >= steps, None, None  # asked first: it is told of the last step too
        if last or state.step % log_every == 0:
            measured = measure(program, y, interrupted)  # also if its point came before a stop: a bad loss still ends the run
            bad = None if measured.finite else "loss"
            point = measured if state.step > state.logged else None
            state.logged = state.step
        data_loss = program.backward()
        square = float(program.gradient.dot(program.gradient))  # `@` takes 0.4 µs more
        bad = bad or (None if last else bad_gradient(problem.model, program.gradient, square))
        if point:
            point.metrics.update(update.metrics(program.gradient))
            if not bad and reached(plan.target, point):
                state.stopped = True
            elif watch and not bad and point.step % log_every == 0:  # a longer run has no other points
                watch.see(point)
        if point or not bad:
            yield point
        if bad:
            raise diverged(problem, state, bad)
        if last or state.stopped:
            return
        update(program.gradient, square)
        state.carry, state.smooth_loss = carry, smoothed(state.smooth_loss, data_loss)
        state.step += 1


class Update:
    """The optimizer at its work, with clipping and schedule; looks at the update before each point."""

    def __init__(self, problem: Problem, state: TrainState) -> None:
        self._state, self._optimizer = state, problem.optimizer
        self._plan, self._rate, self._clip = problem.spec.training, problem.rate, problem.spec.optimizer.clip
        self._within = 0.0 if self._clip is None else within(self._clip, problem.dtype)
        self._work, self._before = np.empty_like(state.theta), np.empty_like(state.theta)
        self._ratio: float | None = None

    def __call__(self, gradient: Floats, square: float) -> None:
        """Move the parameters by one step along a gradient of known squared length; overwrites the gradient."""
        state, made = self._state, self._state.step + 1
        # Most gradients are so short that no entry can be too large: the char RNN is spared 5 of 155 µs.
        if self._clip is not None and square >= self._within:
            np.clip(gradient, -self._clip, self._clip, out=gradient)
        looked_at = made % (self._plan.log_every or 1) == 0 or made == self._plan.steps
        self._ratio = None
        if looked_at:
            np.copyto(self._before, state.theta)
        self._optimizer.update_(state.theta, gradient, state.slots, self._work, self._rate(state.step), made)
        if looked_at:
            np.subtract(state.theta, self._before, out=self._work)
            self._ratio = norm(self._work) / (norm(self._before) or 1.0)

    def metrics(self, gradient: Floats) -> dict[str, float]:
        """Return the length of the gradient before clipping, and that of the last update as a share of the parameters'."""
        last = {} if self._ratio is None else {"update_ratio": self._ratio}
        return {"grad_norm": norm(gradient), **last}


class Programs:
    """The model bound to each size of batch once, and loaded with the batch of a step."""

    def __init__(self, problem: Problem, state: TrainState) -> None:
        self._problem, self._theta = problem, state.theta
        self._batches = problem.batches()
        self._bound: dict[int, Program] = {}
        self._noise = Noise(problem.spec.training.seed) if problem.model.noisy else None
        self.starts = self._batches.starts
        self.full_batch = self._batches.full
        if self.full_batch:
            self._full = self._load(0)

    def at(self, step: int) -> tuple[Program, Ints]:
        """Return the program of a step with its batch loaded, and the labels of the batch."""
        if self._noise is not None:
            self._noise.enter(step)
        return self._full if self.full_batch else self._load(step)

    def _load(self, step: int) -> tuple[Program, Ints]:
        rows, y = self._batches.at(step)
        n = rows.shape[1] if self._problem.symbols is not None else len(y)
        if n not in self._bound:
            self._bound[n] = self._problem.model.bind(self._theta, n, self._noise)
        program = self._bound[n]
        program.load(rows, y)
        return program, y


def smoothed(before: float | None, data_loss: float | None) -> float | None:
    """Return the smoothed loss with that of one more window; None where there is none."""
    return None if before is None or data_loss is None else (1 - SMOOTHING) * before + SMOOTHING * data_loss


def within(clip: float, dtype: DType) -> float:
    """Return a squared length below which no entry of a gradient is beyond ±clip; 0 where squares have lost their digits."""
    return clip * clip if clip * clip >= np.finfo(dtype).tiny else 0.0


def bad_gradient(model: Model, gradient: Floats, square: float) -> str | None:
    """Name the part of the gradient that is not finite, or None; `square` is its squared length."""
    # One dot product, 0.6 µs, tells whether all P entries are finite (unless it overflows: then look closer).
    if isfinite(square) or np.isfinite(gradient).all():
        return None
    return f"the gradient of {first_bad(model, gradient)}"


def first_bad(model: Model, flat: Floats) -> str:
    """Name the first parameter that has a value that is not finite."""
    named = model.layout.named(flat)
    return next((name for name, values in named.items() if not np.isfinite(values).all()), "the parameters")


def diverged(problem: Problem, state: TrainState, what: str) -> Diverged:
    """Say where training left the finite numbers and what to try."""
    tensor = what if state.finite else first_bad(problem.model, state.theta)
    rate = problem.spec.optimizer.learning_rate
    return Diverged(state.step, tensor, f"the learning rate {rate:g} is probably too high, try {much_slower(rate):g}")


def much_slower(rate: float) -> float:
    """Return the rate to try after one that diverged: a tenth of it, to one significant digit.

    Of 91 plain runs that diverged (5 models on 4 datasets, rates from the lowest that diverged to 100 times that), 71 did so
    again at a third of the rate and 50 at a tenth; at the lowest rate, 1 and 6 of 20 learned something.
    """
    return float(f"{rate / 10:.1g}")
