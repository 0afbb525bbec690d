"""When a run ends before its last step, with which weights, and that a stop in between changes nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.data.synthetic import make
from core.errors import SpecError
from core.problem import Problem
from core.spec import Blobs, EarlyStopping, Mlp, Sgd, Softmax, Target, Training, TrainSpec, resolve
from core.state import TrainState
from core.stopping import EarlyStop, reached
from core.train import quiet, train
from core.types import Point
from tests.core.cases import BLOBS, run

NOISY = make(Blobs(points_per_class=20, classes=3, noise=6.0))  # the classes overlap: a net soon learns the noise


def problem(**stopping: Any) -> Problem:
    """Return a net that overfits, with early stopping."""
    plan = Training(
        steps=2000, log_every=10, validation_fraction=0.3, standardize=True, early_stopping=EarlyStopping(**stopping)
    )
    return Problem(TrainSpec(model=Mlp(hidden_sizes=(50,), reg=0.0, init="he"), optimizer=Sgd(), training=plan), NOISY)


def test_a_run_stops_when_patience_ends_and_has_its_best_weights() -> None:
    """The last point is `patience` points after the best, and the weights are those of the best."""
    stopping = problem(patience=5)
    state = stopping.begin()
    points = run(stopping, state)
    values = [point.metrics["val_loss"] for point in points]
    best = int(np.argmin(values))
    assert state.stopped
    assert points[-1].step < 2000
    assert len(points) - 1 == best + 5
    alone = problem(patience=1000)
    other = alone.begin()
    run(alone, other, until=points[best].step)
    assert state.weights_digest == other.weights_digest
    parts, _ = stopping.evaluator(state.theta, stopping.validation)()
    assert sum(parts) == min(values)


def test_the_last_weights_can_be_kept() -> None:
    """With `restore_best` false the run stops at the same point with the weights as they are there."""
    stopping = problem(patience=5, restore_best=False)
    state = stopping.begin()
    points = run(stopping, state)
    parts, _ = stopping.evaluator(state.theta, stopping.validation)()
    assert state.stopped
    assert state.best_theta is None
    assert sum(parts) == points[-1].metrics["val_loss"]


def test_a_run_without_an_end_of_patience_takes_all_steps() -> None:
    """Patience that is never used up changes nothing."""
    patient = problem(patience=10**6)
    state = patient.begin()
    points = run(patient, state)
    plain = replace(patient.spec, training=replace(patient.spec.training, early_stopping=None))
    other = Problem(plain, NOISY).begin()
    assert run(Problem(plain, NOISY), other) == points
    assert (state.weights_digest, state.stopped) == (other.weights_digest, False)


def test_a_resumed_run_stops_at_the_same_point() -> None:
    """What has been seen is part of the state: a run that goes through bytes again and again ends with the same bits."""
    expected_state = problem(patience=5).begin()
    expected = run(problem(patience=5), expected_state)
    points, blob = [], problem(patience=5).begin().to_bytes()
    for stop in (0, 3, 10, 17, 30, 31, 10_000, 10_000):  # the last two: to the end, and once more after it
        state = TrainState.from_bytes(blob)
        points += run(problem(patience=5), state, until=stop)
        blob = state.to_bytes()
    assert points == expected
    assert blob == expected_state.to_bytes()


@pytest.mark.parametrize(
    ("metric", "values", "seen"),
    [
        ("val_loss", [3.0, 2.0, 2.0, 1.95, 1.0, 1.0], 3),  # 1.95 is no improvement by more than 0.1
        ("val_accuracy", [0.1, 0.5, 0.55, 0.4, 0.9], 3),
        ("loss", [1.0, 2.0, 3.0], 2),
    ],
)
def test_what_counts_as_an_improvement(metric: str, values: list[float], seen: int) -> None:
    """Lower losses and higher accuracies, by more than `min_delta`; two points without one end the run here."""
    state = problem().begin()
    stop = EarlyStop(EarlyStopping(metric=metric, patience=2, min_delta=0.1), state)  # type: ignore[arg-type]
    ended = []
    for step, value in enumerate(values):
        stop.see(Point(step, {metric: value}))
        ended.append(state.stopped)
    assert ended.index(True) == seen


def test_a_series_that_is_not_measured_cannot_be_watched() -> None:
    """Watching the held-out loss needs held-out examples; the error names the field."""
    spec = TrainSpec(model=Mlp(), training=Training(early_stopping=EarlyStopping()))
    with pytest.raises(SpecError, match=r"training\.early_stopping\.metric is 'val_loss', which needs .*validation_fraction"):
        resolve(spec, 100)
    watched = replace(spec, training=Training(early_stopping=EarlyStopping(metric="loss")))
    assert resolve(watched, 100).training.early_stopping == EarlyStopping(metric="loss")


@pytest.mark.parametrize(
    ("metric", "value", "measured", "enough"),
    [
        ("val_accuracy", 0.9, 0.9, True),
        ("train_accuracy", 0.9, 0.89, False),
        ("loss", 0.5, 0.5, True),
        ("val_loss", 0.5, 0.51, False),
        ("loss", 0.5, float("nan"), False),
    ],
)
def test_what_reaches_a_target(metric: str, value: float, measured: float, *, enough: bool) -> None:
    """An accuracy of at least, or a loss of at most the target."""
    target = Target(metric=metric, value=value)  # type: ignore[arg-type]
    assert reached(target, Point(0, {metric: measured})) is enough


def test_a_run_ends_at_its_target() -> None:
    """The run ends at the first point that is good enough, with the weights of that point, also when it is resumed."""
    plan = Training(steps=500, log_every=5, target=Target(metric="loss", value=0.5))
    target = Problem(TrainSpec(model=Softmax(), optimizer=Sgd(), training=plan), BLOBS)
    state = target.begin()
    points = run(target, state)
    losses = [point.metrics["loss"] for point in points]
    assert state.stopped
    assert losses[-1] <= 0.5 < min(losses[:-1])
    assert state.step == points[-1].step < 500
    resumed = target.begin()
    run(target, resumed, until=3)
    resumed = TrainState.from_bytes(resumed.to_bytes())
    run(target, resumed)
    assert resumed.to_bytes() == state.to_bytes()
    assert run(target, TrainState.from_bytes(state.to_bytes())) == []


def test_a_target_wins_over_the_end_of_patience() -> None:
    """A point that is good enough ends the run with its own weights, also where patience would end it with others."""
    target = Target(metric="loss", value=1e6)  # every point is good enough
    state = problem(patience=1).begin()
    plain = problem(patience=1).spec
    both = Problem(replace(plain, training=replace(plain.training, target=target)), NOISY)
    (point,) = run(both, state)
    assert (state.stopped, state.restored, point.step) == (True, False, 0)


def test_points_off_the_grid_are_not_waited_for() -> None:
    """A last point that a longer run does not have tells early stopping nothing."""
    patient = problem(patience=5)
    short = Problem(replace(patient.spec, training=replace(patient.spec.training, steps=33)), NOISY)
    ended, passing = short.begin(), patient.begin()
    run(short, ended)
    run(patient, passing, until=33)
    assert (ended.waited, ended.best_value) == (passing.waited, passing.best_value)


@pytest.mark.parametrize("restore_best", [True, False])
def test_a_state_tells_whether_its_weights_are_those_of_its_point(*, restore_best: bool) -> None:
    """They are not where patience gave back those of the best point."""
    stopping = problem(patience=5, restore_best=restore_best)
    state = stopping.begin()
    run(stopping, state)
    assert (state.stopped, state.restored) == (True, restore_best)
    assert TrainState.from_bytes(state.to_bytes()).restored is restore_best


def test_an_accuracy_above_one_is_no_target() -> None:
    """Per cent are refused, not waited for."""
    with pytest.raises(SpecError, match=r"training\.target\.value is 90, must be at most 1: train_accuracy is a share"):
        resolve(TrainSpec(model=Mlp(), training=Training(target=Target(metric="train_accuracy", value=90))), 100)


def test_a_target_must_be_measured() -> None:
    """A held-out target needs held-out examples."""
    with pytest.raises(SpecError, match=r"training\.target\.metric is 'val_accuracy', which needs .*validation_fraction"):
        resolve(TrainSpec(model=Mlp(), training=Training(target=Target(value=0.9))), 100)


def test_a_run_that_is_over_ends_with_a_point_where_it_is() -> None:
    """`over` ends a run between two points: the last point describes the weights as they are."""
    plain = Problem(TrainSpec(model=Softmax(), training=Training(steps=100, log_every=10)), BLOBS)
    state = plain.begin()
    with quiet():
        points = [point for point in train(plain, state, lambda: state.step >= 37) if point]
    assert [point.step for point in points] == [0, 10, 20, 30, 37]
    assert (state.step, state.stopped) == (37, False)
    parts, _ = plain.evaluator(state.theta, plain.train)()
    assert points[-1].metrics["loss"] == sum(parts)
    run(plain, state)
    undisturbed = plain.begin()
    run(plain, undisturbed)
    assert state.weights_digest == undisturbed.weights_digest
