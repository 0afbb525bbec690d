"""Class weights in training: against scikit-learn, and what is refused."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.data.dataset import Dataset
from core.errors import SpecError
from core.gradcheck import check_model
from core.models import build
from core.problem import Problem, class_weights
from core.spec import Balanced, CharRnn, PerClass, Sgd, Softmax, Training, TrainSpec
from core.state import TrainState
from tests.core.cases import BLOBS, MODELS, TEXT, run

RNG = np.random.default_rng(0)
Y = np.repeat([0, 1, 2], [60, 25, 5])
RARE = Dataset(RNG.standard_normal((90, 2)) + 1.5 * np.stack([Y == 1, Y == 2], axis=1), Y, ("a", "b", "c"), ("x1", "x2"))


def trained(weights: Balanced | PerClass | None) -> np.ndarray:
    """Return W (D, K) of a softmax classifier near its minimum."""
    plan = Training(steps=20_000, log_every=20_000, dtype="float64", class_weights=weights)
    problem = Problem(TrainSpec(model=Softmax(reg=0.01), optimizer=Sgd(learning_rate=1.0), training=plan), RARE)
    state = problem.begin()
    run(problem, state)
    return problem.model.layout.named(state.theta)["W1"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(None, None), (Balanced(), "balanced"), (PerClass(weights=(1.0, 3.0, 0.5)), {0: 1.0, 1: 3.0, 2: 0.5})],
    ids=["none", "balanced", "weights"],
)
def test_the_minimum_is_that_of_scikit_learn(ours: Balanced | PerClass | None, theirs: object) -> None:
    """Trained to the end, the weights are those of LogisticRegression: C·Σ w·loss + ½ΣW² has our minimum at C = 1 / (N·reg)."""
    oracle = LogisticRegression(C=1 / (len(Y) * 0.01), class_weight=theirs, tol=1e-10, max_iter=10_000).fit(RARE.X, RARE.y)
    np.testing.assert_allclose(trained(ours), oracle.coef_.T, atol=1e-5)


def test_balanced_weights_make_the_classes_equal() -> None:
    """Each class has the same sum of weights, and the mean over all examples is 1."""
    weights = class_weights(Balanced(), RARE.y, 3)
    assert weights is not None
    sums = np.bincount(RARE.y) * weights
    np.testing.assert_allclose(sums, len(RARE) / 3)


def test_a_class_without_training_examples_counts_one() -> None:
    """Nothing is divided by zero for a class that is held out as a whole."""
    assert class_weights(Balanced(), np.array([0, 0, 2]), 3) == (0.5, 1.0, 1.0)


def test_weights_are_as_many_as_classes() -> None:
    """The error names the field and how many there must be."""
    spec = TrainSpec(model=Softmax(), training=Training(class_weights=PerClass(weights=(1.0, 2.0))))
    with pytest.raises(SpecError, match=r"training\.class_weights\.weights has 2 items, must have 3: one for each class"):
        Problem(spec, RARE)


def test_a_text_has_no_classes_to_weigh() -> None:
    """A model of text refuses them."""
    spec = TrainSpec(model=CharRnn(sequence_length=4), training=Training(class_weights=Balanced()))
    with pytest.raises(SpecError, match=r"training\.class_weights is set, must not be for text"):
        Problem(spec, TEXT)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_trains_the_weighted_loss(name: str) -> None:
    """The gradient of each model is the slope of its weighted loss, and that is another than without weights."""
    rng = np.random.default_rng(0)
    plain, weighted = (build(MODELS[name], 3, 4, weights) for weights in (None, (0.5, 1.0, 2.0, 4.0)))
    theta, X, y = 0.7 * rng.standard_normal(plain.layout.size), rng.standard_normal((12, 3)), rng.integers(0, 4, 12)
    assert check_model(weighted, theta, X, y, rng) < 1e-5
    losses = []
    for model in (plain, weighted):
        program = model.bind(theta, 12)
        program.load(model.prepare(X), y)
        program.forward(None)
        losses.append(program.loss().data)
    assert losses[0] != losses[1]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("batch_size", [None, 7])
def test_a_weighted_run_is_resumed_with_the_same_bits(name: str, batch_size: int | None) -> None:
    """A run with class weights that goes through bytes ends like one that was left alone."""
    plan = Training(steps=20, log_every=5, batch_size=batch_size, validation_fraction=0.2, class_weights=Balanced())
    problem = Problem(TrainSpec(model=MODELS[name], training=plan), BLOBS)
    undisturbed, state = problem.begin(), problem.begin()
    run(problem, undisturbed)
    for stop in (3, 5, 11):
        run(problem, state, until=stop)
        state = TrainState.from_bytes(state.to_bytes())
    run(problem, state)
    assert state.to_bytes() == undisturbed.to_bytes()
