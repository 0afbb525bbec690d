"""The equalities of bits that the service relies on: an attempt repeats what another attempt of its run computed.

They hold on every kernel of BLAS and every path of NumPy, wherever in memory an attempt finds its arrays.
"""

import random
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset
from core.data.synthetic import make
from core.data.text import Corpus
from core.errors import Interrupted
from core.evaluate import Evaluator, Scorer
from core.problem import Problem
from core.spec import Blobs, Spiral, TrainSpec
from core.state import TrainState
from core.train import quiet, train
from core.types import Array, Floats
from tests.core.cases import TEXT, run

STEPS = 12
OFFSETS = (0, 16, 32, 48)
"""Where an array may begin in a cache line of 64 bytes, as NumPy and malloc place it."""

SPIRAL = make(Spiral())
WIDE = make(Blobs(points_per_class=30, classes=10, features=64))
MLP = {"kind": "mlp", "hidden_sizes": [100]}
DROPS = {**MLP, "dropout": 0.2}
PLANS: dict[str, tuple[Dataset | Corpus, dict[str, Any], dict[str, Any]]] = {
    "the course's net": (SPIRAL, MLP, {}),
    "softmax": (SPIRAL, {"kind": "softmax"}, {}),
    "svm": (SPIRAL, {"kind": "svm"}, {"batch_size": 17}),
    "a wide net, whose last product is turned": (
        WIDE,
        {**MLP, "dropout": 0.2},
        {"batch_size": 128, "validation_fraction": 0.2},
    ),
    "many classes": (make(Blobs(points_per_class=5, classes=20, features=7)), {"kind": "softmax"}, {}),
    "text": (TEXT, {"kind": "char_rnn", "hidden_size": 24, "sequence_length": 7}, {"batch_size": 1}),
    "text in streams": (TEXT, {"kind": "char_rnn", "hidden_size": 24, "sequence_length": 5}, {"batch_size": 3}),
}


def problem(name: str, dtype: str, **more: Any) -> Problem:
    """Return a plan, to be trained for some steps."""
    data, model, training = PLANS[name]
    optimizer = {"kind": "adam", "clip": 1.0}
    plan = {"steps": STEPS, "log_every": 1, "dtype": dtype, "standardize": not isinstance(data, Corpus), **(training | more)}
    return Problem(TrainSpec.from_dict({"model": model, "optimizer": optimizer, "training": plan}), data)


def placed(array: Array, offset: int) -> Array:
    """Return a copy whose first byte lies so many bytes behind a border of a cache line; NumPy promises borders of 16 alone."""
    room = np.empty(array.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PLANS)
def test_every_attempt_has_the_same_bits(name: str, dtype: str) -> None:
    """Points, weights and the whole state are those of a run left alone, wherever it was interrupted and went on."""
    whole = problem(name, dtype)
    expected = whole.begin()
    points = [point.metrics for point in run(whole, expected)]
    rng = random.Random(7)
    for offset in OFFSETS:
        state, found = problem(name, dtype).begin(), []
        for stop in [*sorted(rng.sample(range(1, STEPS), 2)), None]:
            state = TrainState.from_bytes(state.to_bytes())
            state.theta, state.slots = placed(state.theta, offset), placed(state.slots, 48 - offset)
            again = problem(name, dtype)
            again.train = placed(again.train[0], offset), again.train[1]
            found += [point.metrics for point in run(again, state, until=stop)]
        assert found == points
        assert state.to_bytes() == expected.to_bytes()


def after(pieces: int) -> Callable[[], bool]:
    """Return a function that says yes once it has been asked so many times."""
    left = iter(range(pieces))
    return lambda: next(left, None) is None


@pytest.mark.parametrize("name", PLANS)
def test_a_measurement_that_is_broken_off_is_made_anew(name: str) -> None:
    """Broken off at any of its pieces: the next attempt, from the last yield, has the points and the bits of one alone."""
    more = {"validation_fraction": 0.3, "log_every": 2}
    alone = problem(name, "float32", **more)
    expected, pieces = alone.begin(), count()
    with quiet():
        points = [point.metrics for point in train(alone, expected, interrupted=lambda: next(pieces) < 0) if point]
    of_one = next(pieces) // len(points)
    rng, saved, broken = random.Random(3), alone.begin().to_bytes(), 0
    found: list[dict[str, float]] = []
    while len(found) < len(points):
        state = TrainState.from_bytes(saved)
        over = after(rng.randrange(2 * of_one + 1))
        try:
            with quiet():
                for point in train(problem(name, "float32", **more), state, interrupted=over):
                    found += [point.metrics] if point else []
                    saved = state.to_bytes()
        except Interrupted:
            broken += 1
    assert broken >= 3
    assert found == points
    assert saved == expected.to_bytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["the course's net", "softmax", "svm", "a wide net, whose last product is turned"])
def test_a_measurement_repeats_its_bits(name: str, dtype: str) -> None:
    """What a run reported of its weights, and the scores of a request, come again: the same examples, as many at a time."""
    plan = problem(name, dtype)
    state = plan.begin()
    run(plan, state)
    rows, y = plan.train
    X = rows[:, :-1].copy()
    expected, scores = Evaluator(plan.model, state.theta, rows, y)(), Scorer(plan.model, state.theta)(X)
    for offset in OFFSETS:
        theta = placed(state.theta, offset)
        assert Evaluator(plan.model, theta, placed(rows, 48 - offset), y)() == expected
        assert np.array_equal(Scorer(plan.model, theta)(placed(X, 48 - offset)), scores)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["the course's net", "softmax", "svm", "a wide net, whose last product is turned"])
def test_a_prediction_agrees_with_the_reported_accuracy(name: str, dtype: str) -> None:
    """Scores of other numbers of rows at a time may differ in their last bits, and a label only where two scores nearly tie."""
    plan = problem(name, dtype)
    state = plan.begin()
    run(plan, state)
    rows, y = plan.train
    X, scorer = rows[:, :-1].copy(), Scorer(plan.model, state.theta)
    scores = scorer(X)
    near = rounding(plan, state, rows)
    top = np.sort(scores, axis=1)
    tied = top[:, -1] - top[:, -2] <= 2 * near
    right = scores.argmax(axis=1) == y
    _, reported = Evaluator(plan.model, state.theta, rows, y)()
    assert tied.mean() < 0.1
    assert abs(reported * len(y) - right.sum()) <= tied.sum()
    for n in (1, 7, 100):
        some = np.concatenate([scorer(X[start : start + n]) for start in range(0, len(X), n)])
        assert (np.abs(some - scores).max(axis=1) <= near).all()
        assert (some.argmax(axis=1) == scores.argmax(axis=1))[~tied].all()


def rounding(plan: Problem, state: TrainState, rows: Floats) -> Floats:
    """Return how far two computations of the scores of rows (N, D + 1) may be apart (N,).

    A layer adds to the error of its inputs, multiplied by |W|, twice γ |W| |A| of its own (Higham, 3.5); ReLU passes it on.
    """
    u = float(np.finfo(plan.dtype).eps) / 2
    A, error = np.abs(rows.astype(np.float64).T), np.zeros(rows.T.shape)
    layers = plan.model.layout.views(np.abs(state.theta.astype(np.float64)))
    for W in layers:
        gamma = W.shape[1] * u / (1 - W.shape[1] * u)
        error = W @ error + 2 * gamma * (W @ (A + error))
        A = W @ A  # an upper bound of the next layer's activations
        A, error = np.vstack([A, np.ones(A.shape[1])]), np.vstack([error, np.zeros(A.shape[1])])
    worst: Floats = error[:-1].max(axis=0)
    return worst
