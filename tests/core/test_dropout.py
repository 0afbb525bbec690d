"""Dropout: what is off, its gradient, and that it is the same whenever a step is made."""

from typing import Literal

import numpy as np
import pytest

from core.gradcheck import relative_error
from core.layers import Dropout
from core.models.mlp import Mlp
from core.noise import Noise
from core.problem import Problem
from core.spec import Mlp as MlpSpec
from core.spec import Training, TrainSpec
from core.types import Floats
from tests.core.cases import BLOBS, run

SHAPE = (400, 500)


def masked(seed: int, step: int, p: float) -> Floats:
    """Return what dropout leaves of ones at a step."""
    noise, out = Noise(seed), np.empty(SHAPE, np.float32)
    noise.enter(step)
    Dropout(SHAPE, np.dtype(np.float32), p).forward(np.ones(SHAPE, np.float32), noise, out)
    return out


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_share_is_off_and_the_others_make_up_for_it(p: float) -> None:
    """Of many units a share p is 0, the others are 1 / (1 - p) times what they were: the mean stays."""
    out = masked(0, 0, p)
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / (1 - p))}
    deviation = np.sqrt(p * (1 - p) / out.size)
    assert abs(np.mean(out == 0) - p) < 5 * deviation


def test_what_is_off_follows_from_seed_and_step() -> None:
    """The same step of the same seed drops the same units; another step or seed, others."""
    assert np.array_equal(masked(1, 7, 0.5), masked(1, 7, 0.5))
    for seed, step in ((1, 8), (2, 7)):
        assert 0.4 < np.mean(masked(1, 7, 0.5) == masked(seed, step, 0.5)) < 0.6


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_gradient_is_that_of_the_thinned_net(activation: Literal["relu", "tanh"]) -> None:
    """With the units of a step off, the gradient is the slope of exactly the loss that this step has."""
    model = Mlp(3, (9, 8), 4, activation, 0.01, "he", dropout=0.4)
    rng, noise = np.random.default_rng(0), Noise(5)
    theta = 0.7 * rng.standard_normal(model.layout.size)  # biases too: no ReLU is exactly at its kink
    X, y = rng.standard_normal((6, 3)), rng.integers(0, 4, 6)
    program = model.bind(theta, 6, noise)
    program.load(model.prepare(X), y)

    def loss(at: Floats) -> float:
        theta[:] = at
        noise.enter(3)
        program.forward(None)
        return sum(program.loss())

    start = theta.copy()
    whole = model.bind(start, 6)
    whole.load(model.prepare(X), y)
    whole.forward(None)
    assert loss(start) != sum(whole.loss())
    program.backward()
    assert relative_error(loss, start, program.gradient.copy(), rng) < 1e-6


def test_metrics_are_those_of_the_whole_net() -> None:
    """What is reported at the end of a run, and what predict gives, comes from all units."""
    plan = Training(steps=30, log_every=10, validation_fraction=0.2)
    problem = Problem(TrainSpec(model=MlpSpec(hidden_sizes=(20,), dropout=0.5), training=plan), BLOBS)
    state = problem.begin()
    last = run(problem, state)[-1]
    parts, accuracy = problem.evaluator(state.theta, problem.train)()
    assert (last.metrics["loss"], last.metrics["train_accuracy"]) == (sum(parts), accuracy)


def test_dropout_changes_the_training() -> None:
    """With dropout a run ends with other weights than without."""
    digests = set()
    for dropout in (0.0, 0.5):
        model = MlpSpec(hidden_sizes=(20,), dropout=dropout)
        problem = Problem(TrainSpec(model=model, training=Training(steps=5)), BLOBS)
        state = problem.begin()
        run(problem, state)
        digests.add(state.weights_digest)
    assert len(digests) == 2
