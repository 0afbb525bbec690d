"""The training loop: one for every model. It knows no storage, no clock and no process."""

from collections.abc import Iterator
from math import isfinite

import numpy as np

from core.data.batches import Batches
from core.data.dataset import Dataset, Normaliser, train_validation
from core.errors import Diverged
from core.evaluate import Evaluator, accuracy
from core.models import Model, build
from core.models.base import LossParts, Program
from core.optimizers import make
from core.spec import TrainSpec, resolve
from core.state import TrainState
from core.types import DType, Floats, Point


def quiet() -> np.errstate:
    """Return the context to train in: numbers that leave the finite range are found and raised as Diverged, not warned of."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


class Problem:
    """A spec and its data, split, normalised and ready to train; `spec` has every default filled in."""

    def __init__(self, spec: TrainSpec, data: Dataset) -> None:
        self.spec = resolve(spec, len(data))
        plan = self.spec.training
        train_rows, validation_rows = train_validation(len(data), plan.validation_fraction, plan.seed)
        self.model = build(spec.model, data.X.shape[1], len(data.classes))
        self.dtype: DType = np.dtype(plan.dtype)
        self.optimizer = make(spec.optimizer)
        X = data.X[train_rows]
        self.normaliser = Normaliser.fit(X) if plan.standardize else Normaliser.identity(X.shape[1])
        self.train = self._prepared(X), data.y[train_rows]
        self.validation = self._prepared(data.X[validation_rows]), data.y[validation_rows]

    def _prepared(self, X: Floats) -> Floats:
        return self.model.prepare(self.normaliser(X, self.dtype))

    def begin(self) -> TrainState:
        """Return the state before the first step: parameters drawn from the seed, the optimizer's memory empty."""
        theta = self.model.init(np.random.default_rng([self.spec.training.seed, 2]), self.dtype)
        slots = np.zeros((self.optimizer.slots, theta.size), self.dtype)
        return TrainState(0, -1, theta, slots, self.normaliser)


def train(problem: Problem, state: TrainState) -> Iterator[Point | None]:
    """Move `state` on to the last step, in place; resume from wherever it stands.

    Yields once before each step and once at the end: the metrics where they are logged, else None. At each yield the
    state is whole, and known to have a finite loss or gradient: stop there and go on later, and the bits of the result
    are the same. Call it under `quiet`. Raises Diverged when a loss or a gradient is no longer finite; if the step is
    logged, its point comes first.
    """
    plan, rate = problem.spec.training, problem.spec.optimizer.learning_rate
    steps, log_every = plan.steps or 0, plan.log_every or 1
    programs = Programs(problem, state)
    measure = Measure(problem, state, full_batch=programs.full_batch)
    work = np.empty_like(state.theta)
    while True:
        program = programs.at(state.step)
        carry = program.forward(state.carry)
        last = state.step >= steps
        point, bad = None, None
        if last or state.step % log_every == 0:
            measured = measure(program)  # also if its point came before a stop: a bad loss still ends the run
            bad = None if isfinite(measured.metrics["loss"]) and state.finite else "loss"
            if state.step > state.logged:
                point = measured
                state.logged = state.step
        if not last:
            program.backward()
            bad = bad or bad_gradient(problem.model, program.gradient)
        if point or not bad:
            yield point
        if bad:
            raise diverged(problem, state, bad)
        if last:
            return
        problem.optimizer.update_(state.theta, program.gradient, state.slots, work, rate, state.step + 1)
        state.carry = carry
        state.step += 1


class Programs:
    """The model bound to each size of batch once, and loaded with the batch of a step."""

    def __init__(self, problem: Problem, state: TrainState) -> None:
        plan = problem.spec.training
        self._problem, self._theta = problem, state.theta
        self._batches = Batches(*problem.train, plan.batch_size, plan.seed)
        self._bound: dict[int, Program] = {}
        self.full_batch = self._batches.full
        if self.full_batch:
            self._full = self._load(0)

    def at(self, step: int) -> Program:
        """Return the program of a step, its batch loaded."""
        return self._full if self.full_batch else self._load(step)

    def _load(self, step: int) -> Program:
        rows, y = self._batches.at(step)
        if len(y) not in self._bound:
            self._bound[len(y)] = self._problem.model.bind(self._theta, len(y))
        program = self._bound[len(y)]
        program.load(rows, y)
        return program


class Measure:
    """Makes the metric point of a step.

    The training metrics are over the whole training part. With full batches they come from the forward pass that the
    step needs anyway; with mini-batches they cost a pass of their own.
    """

    def __init__(self, problem: Problem, state: TrainState, *, full_batch: bool) -> None:
        self._state = state
        self._y = problem.train[1]
        self._train = None if full_batch else Evaluator(problem.model, state.theta, *problem.train)
        self._validation = Evaluator(problem.model, state.theta, *problem.validation) if len(problem.validation[1]) else None
        self._rate = problem.spec.optimizer.learning_rate

    def __call__(self, program: Program) -> Point:
        """Measure the parameters as they are; `program` has just gone forward."""
        if self._train is None:
            parts, train_accuracy = program.loss(), accuracy(program.scores, self._y)
        else:
            parts, train_accuracy = self._train()
        metrics = _losses(parts) | {"train_accuracy": train_accuracy, "learning_rate": self._rate}
        if self._validation is not None:
            val_parts, val_accuracy = self._validation()
            metrics |= {"val_loss": sum(val_parts), "val_accuracy": val_accuracy}
        return Point(self._state.step, metrics)


def _losses(parts: LossParts) -> dict[str, float]:
    return {"loss": parts.data + parts.reg, "data_loss": parts.data, "reg_loss": parts.reg}


def bad_gradient(model: Model, gradient: Floats) -> str | None:
    """Name the part of the gradient that is not finite, or None."""
    # One dot product, 0.6 µs, tells whether all P entries are finite (unless it overflows: then look closer).
    if isfinite(gradient @ gradient) or np.isfinite(gradient).all():
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
    return Diverged(state.step, tensor, f"the learning rate {rate:g} is probably too high, try {rate / 10:g}")
