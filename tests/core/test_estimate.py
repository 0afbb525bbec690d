"""What a run is said to cost, against what it takes."""

import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from core.data.dataset import Dataset
from core.data.synthetic import make
from core.estimate import Estimate, estimate, points_of
from core.problem import Problem
from core.spec import Adam, Blobs, CharRnn, Mlp, ModelSpec, Sgd, Softmax, Svm, Training, TrainSpec, resolve
from core.train import quiet, train
from tests.core.cases import MODELS, OPTIMIZERS

DATA = make(Blobs(points_per_class=2000, features=30))


def estimated(spec: TrainSpec) -> Estimate:
    """Estimate a run over the blobs."""
    return estimate(resolve(spec, len(DATA)), len(DATA), len(DATA.features), len(DATA.classes))


def peak(spec: TrainSpec, data: Dataset) -> int:
    """Return the bytes that a run takes at most, beside its data."""
    tracemalloc.start()
    try:
        problem = Problem(spec, data)
        with quiet():
            for _ in train(problem, problem.begin()):
                pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_counted(name: str) -> None:
    """The number of parameters is exact."""
    spec = TrainSpec(model=MODELS[name])
    assert estimated(spec).parameters == Problem(spec, DATA).begin().theta.size


@pytest.mark.parametrize("model", [Softmax(), Svm(), Mlp(), Mlp(hidden_sizes=(64, 64)), Mlp(dropout=0.5)], ids=str)
@pytest.mark.parametrize("training", [{}, {"batch_size": 128}, {"validation_fraction": 0.5}, {"dtype": "float64"}], ids=str)
def test_memory_is_right_within_a_factor_of_two(model: ModelSpec, training: dict[str, Any]) -> None:
    """The estimate is neither twice nor half of what the examples and a few steps take at their peak."""
    spec = TrainSpec(model=model, optimizer=Adam(), training=Training(steps=2, **training))
    assert 0.5 < estimated(spec).memory_bytes / (peak(spec, DATA) + DATA.X.nbytes) < 2


def test_memory_of_many_parameters_is_right_within_a_factor_of_two() -> None:
    """Where the parameters are most of it, the estimate counts them for each size of batch, of evaluation as well."""
    data = make(Blobs(points_per_class=20, features=20))
    model = Mlp(hidden_sizes=(900, 900), init="he", l1=1e-5)
    spec = TrainSpec(model=model, optimizer=Sgd(), training=Training(steps=2, batch_size=7, validation_fraction=0.2))
    assert 0.5 < estimate(resolve(spec, len(data)), len(data), 20, 3).memory_bytes / peak(spec, data) < 2


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_more_steps_take_more_time_and_no_more_memory(name: str) -> None:
    """Ten times the steps take ten times as long but for the first measurement, in the same memory."""
    spec = TrainSpec(model=Mlp(), optimizer=OPTIMIZERS[name], training=Training(steps=1000, log_every=10))
    short, long = estimated(spec), estimated(replace(spec, training=replace(spec.training, steps=10_000)))
    assert long.seconds == pytest.approx(10 * short.seconds, rel=0.002)
    assert long.memory_bytes == short.memory_bytes


def test_precision_costs_time_and_memory() -> None:
    """Double precision takes more of both."""
    single = TrainSpec(model=Mlp(), optimizer=Sgd(), training=Training(steps=100))
    double = replace(single, training=replace(single.training, dtype="float64"))
    assert estimated(double).seconds > estimated(single).seconds
    assert estimated(double).memory_bytes > estimated(single).memory_bytes


def test_a_time_budget_bounds_the_time() -> None:
    """A run that would take longer ends when its time is up, with the step and the point that were begun."""
    spec = TrainSpec(model=Mlp(), training=Training(steps=10**9, time_budget=5))
    assert 5 < estimated(spec).seconds < 5.1


@pytest.mark.parametrize("steps", [1, 2, 7, 10, 11])
@pytest.mark.parametrize("log_every", [1, 2, 5, 10, 100])
def test_points_are_counted(steps: int, log_every: int) -> None:
    """As many as the loop makes: that before the first step and that after the last are among them."""
    spec = TrainSpec(model=Softmax(), optimizer=Sgd(), training=Training(steps=steps, log_every=log_every))
    problem = Problem(spec, DATA)
    with quiet():
        made = [point for point in train(problem, problem.begin()) if point]
    assert points_of(spec.training, steps) == len(made) == estimated(spec).stored.points


def test_each_measurement_takes_its_time() -> None:
    """Two steps with a large part held out are estimated by their three points, however rarely they are logged."""
    held = TrainSpec(model=CharRnn(hidden_size=500), training=Training(steps=2, log_every=100, validation_fraction=0.5))
    short, long = (estimate(resolve(held, n), n, 1, 80).seconds for n in (2_000, 1_900_000))
    symbols = 2 * 950_000  # of two points
    assert long - short > symbols * 2 * 500 * 580 / 4e10
