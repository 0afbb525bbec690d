"""Clipping, and what a point says about gradient and update."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.estimate import estimate
from core.problem import Problem
from core.spec import CharRnn, Sgd, Softmax, Training, TrainSpec, resolve
from core.state import TrainState
from core.train import Update, quiet, train
from core.types import Floats
from tests.core.cases import BLOBS, run


def problem_of(clip: float | None, log_every: int = 1) -> Problem:
    """Return a run of 20 steps at the rate 0.5."""
    plan = Training(steps=20, log_every=log_every, dtype="float64")
    return Problem(TrainSpec(model=Softmax(), optimizer=Sgd(learning_rate=0.5, clip=clip), training=plan), BLOBS)


def test_clip_limits_each_entry_of_the_step() -> None:
    """No parameter moves by more than rate·clip, some by just that; grad_norm is that of the whole gradient."""
    clipped, free = problem_of(0.01), problem_of(None)
    state, other, start = clipped.begin(), free.begin(), clipped.begin().theta
    (first, *_) = run(clipped, state, until=1)
    (unclipped, *_) = run(free, other, until=1)
    assert np.abs(state.theta - start).max() == pytest.approx(0.5 * 0.01, rel=1e-12)
    assert np.abs(other.theta - start).max() > 0.01
    assert first.metrics["grad_norm"] == unclipped.metrics["grad_norm"]
    assert first.metrics["grad_norm"] == pytest.approx(np.linalg.norm(other.theta - start) / 0.5, rel=1e-12)


@given(st.floats(-45, 20), st.floats(-45, 5), st.sampled_from(["float32", "float64"]))
def test_clipping_is_left_out_only_where_it_does_nothing(
    size: float, clip: float, dtype: Literal["float32", "float64"]
) -> None:
    """Of any size and with any limit, down to squares that are no floats, each entry of the step is limited."""
    plan = Training(dtype=dtype)
    problem = Problem(TrainSpec(model=Softmax(), optimizer=Sgd(learning_rate=1, clip=10**clip), training=plan), BLOBS)
    state = problem.begin()
    state.theta[:] = 0
    gradient = (10**size * np.linspace(-1, 1, state.theta.size)).astype(dtype)
    expected = -np.clip(gradient, -(10**clip), 10**clip)
    with quiet():
        Update(problem, state)(gradient.copy(), float(gradient @ gradient))
    assert np.array_equal(state.theta, expected)


def test_the_update_ratio_is_the_share_that_moved() -> None:
    """‖θ_s - θ_{s-1}‖ / ‖θ_{s-1}‖ at each point but the first, whether or not the run was stopped just before."""
    for stop in (4, 5, 6, 9):
        problem = problem_of(None, log_every=5)
        state, thetas = problem.begin(), {}
        for step in range(20):
            thetas[step] = run_to(problem, step)
        thetas[20] = run_to(problem, 20)
        points = run(problem, state, until=stop)
        points += run(problem, TrainState.from_bytes(state.to_bytes()))
        assert [point.step for point in points] == [0, 5, 10, 15, 20]
        assert "update_ratio" not in points[0].metrics
        for s, metrics, _ in points[1:]:
            moved = np.linalg.norm(thetas[s] - thetas[s - 1]) / np.linalg.norm(thetas[s - 1])
            assert metrics["update_ratio"] == pytest.approx(moved, rel=1e-12)


def run_to(problem: Problem, step: int) -> Floats:
    """Return the parameters after so many updates."""
    state = problem.begin()
    run(problem, state, until=step)
    return state.theta.copy()


def test_the_estimate_of_text_grows_with_the_work() -> None:
    """More units, longer windows, more streams and more steps take longer, and more units more memory."""

    def of(hidden: int = 50, length: int = 20, streams: int = 1, steps: int = 1000) -> tuple[int, float]:
        plan = Training(batch_size=streams, steps=steps)
        spec = resolve(TrainSpec(model=CharRnn(hidden_size=hidden, sequence_length=length), training=plan), 10_000)
        cost = estimate(spec, 10_000, 1, 60)
        return cost.memory_bytes, cost.seconds

    base = of()
    assert all(of(**more)[1] > base[1] for more in ({"hidden": 100}, {"length": 40}, {"streams": 8}, {"steps": 2000}))
    assert of(hidden=100)[0] > base[0]


def test_a_last_point_off_the_grid_has_no_update_ratio() -> None:
    """The update before it was not looked at, whether the run was stopped on the way or not."""
    problem = Problem(TrainSpec(model=Softmax(), training=Training(steps=100, log_every=10)), BLOBS)
    for stop in (None, 35):
        state = problem.begin()
        if stop:
            run(problem, state, until=stop)
        with quiet():
            *_, last = (point for point in train(problem, state, lambda: state.step >= 37) if point)  # noqa: B023 (used at once)
        assert last.step == 37
        assert "update_ratio" not in last.metrics
