"""The loop against the course: its code line by line, its figures, its history, and what happens when it diverges."""

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite, log
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, train_validation
from core.data.synthetic import make
from core.errors import Diverged
from core.evaluate import Evaluator, accuracy, scores
from core.problem import Problem
from core.spec import Mlp, ModelSpec, Sgd, Softmax, Spiral, Svm, Training, TrainSpec
from core.state import TrainState
from core.train import much_slower, quiet, train
from core.types import Array, Floats, Ints, Point
from tests.core.cases import run, run_to_divergence

SPIRAL = make(Spiral(points_per_class=100, classes=3, seed=0))
CASES: dict[str, ModelSpec] = {"softmax": Softmax(), "svm": Svm(), "mlp": Mlp()}
every_model = pytest.mark.parametrize("name", CASES)
Weights = dict[str, Array]


def trained(model: ModelSpec, data: Dataset = SPIRAL, **training: Any) -> tuple[Problem, TrainState, list[Point]]:
    """Train with the course's step size 1.0 and return the problem, the last state and the points."""
    spec = TrainSpec(model=model, optimizer=Sgd(learning_rate=1.0), training=Training(**training))
    problem = Problem(spec, data)
    state = problem.begin()
    return problem, state, run(problem, state)


def history(points: list[Point], metric: str = "loss") -> dict[int, float]:
    """Return a metric by step."""
    return {point.step: point.metrics[metric] for point in points}


# --- the course's code, with the same start and the same data ---


def softmax_loss(scores: Floats, y: Ints) -> tuple[float, Floats]:
    """Return mean cross-entropy and gradient as the course writes them."""
    N = len(y)
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    correct_logprobs = -np.log(probs[range(N), y])
    dscores = probs.copy()
    dscores[range(N), y] -= 1
    dscores /= N
    return float(np.sum(correct_logprobs) / N), dscores


def hinge_loss(scores: Floats, y: Ints) -> tuple[float, Floats]:
    """Return the multiclass SVM loss with margin 1 and its gradient as the course writes them."""
    N = len(y)
    margins = np.maximum(0, scores - scores[range(N), y][:, None] + 1)
    margins[range(N), y] = 0
    dscores = (margins > 0).astype(float)
    dscores[range(N), y] = -dscores.sum(axis=1)
    return float(np.sum(margins) / N), dscores / N


def textbook_linear(w: Weights, X: Floats, y: Ints, *, hinge: bool) -> Iterator[float]:
    """Yield the loss before each step of the linear classifier, and then take the step."""
    step_size, reg = 1.0, 1e-3
    while True:
        W, b = w["W1"], w["b1"]
        data_loss, dscores = (hinge_loss if hinge else softmax_loss)(np.dot(X, W) + b, y)
        yield data_loss + 0.5 * reg * np.sum(W * W)
        dW = np.dot(X.T, dscores)
        db = np.sum(dscores, axis=0)
        dW += reg * W
        W += -step_size * dW
        b += -step_size * db


def textbook_net(w: Weights, X: Floats, y: Ints) -> Iterator[float]:
    """Yield the loss before each step of the two-layer net, and then take the step."""
    step_size, reg = 1.0, 1e-3
    while True:
        W, b, W2, b2 = w["W1"], w["b1"], w["W2"], w["b2"]
        hidden = np.maximum(0, np.dot(X, W) + b)
        data_loss, dscores = softmax_loss(np.dot(hidden, W2) + b2, y)
        yield data_loss + 0.5 * reg * (np.sum(W * W) + np.sum(W2 * W2))
        dW2 = np.dot(hidden.T, dscores)
        db2 = np.sum(dscores, axis=0)
        dW2 += reg * W2
        dhidden = np.dot(dscores, W2.T)
        dhidden[hidden <= 0] = 0
        dW = np.dot(X.T, dhidden)
        db = np.sum(dhidden, axis=0)
        dW += reg * W
        W2 += -step_size * dW2
        b2 += -step_size * db2
        W += -step_size * dW
        b += -step_size * db


def textbook(name: str, w: Weights) -> Iterator[float]:
    """Return the course's loop for a model, over the spiral."""
    X, y = SPIRAL.X, SPIRAL.y
    return textbook_net(w, X, y) if name == "mlp" else textbook_linear(w, X, y, hinge=name == "svm")


@pytest.mark.parametrize(("name", "steps"), [("softmax", 200), ("svm", 200), ("mlp", 1000)])
def test_training_follows_the_course_step_by_step(name: str, steps: int) -> None:
    """From the same start, the course's plain code has the same loss at each logged step and the same final weights."""
    problem, state, points = trained(CASES[name], steps=steps, dtype="float64")
    named = problem.model.layout.named
    w = {part: values.copy() for part, values in named(problem.begin().theta).items()}
    expected = dict(zip(range(steps + 1), textbook(name, w), strict=False))

    losses = history(points)
    assert list(losses) == list(range(0, steps + 1, 10))
    for step, loss in losses.items():
        assert loss == pytest.approx(expected[step], rel=0, abs=1e-9)
    for part, values in named(state.theta).items():
        np.testing.assert_allclose(values, w[part], rtol=0, atol=1e-9)


def test_softmax_reaches_the_courses_figures() -> None:
    """A linear classifier can do no better than the course's loss 0.786 and accuracy 0.49 on the spiral."""
    _, _, points = trained(Softmax())
    assert points[-1].step == 200
    assert points[-1].metrics["loss"] == pytest.approx(0.786, rel=0.005)
    assert round(points[-1].metrics["train_accuracy"], 2) == 0.49


def test_the_net_reaches_the_courses_figures() -> None:
    """The two-layer net gets to the course's loss 0.245 and accuracy 0.98 on the spiral."""
    _, _, points = trained(Mlp())
    assert points[-1].step == 10_000
    assert points[-1].metrics["loss"] == pytest.approx(0.245, rel=0.01)
    assert round(points[-1].metrics["train_accuracy"], 2) == 0.98


def test_training_starts_at_the_logarithm_of_k() -> None:
    """With weights near zero all classes look alike: the first loss is ln 3, the course's first check."""
    _, _, points = trained(Softmax(), steps=1)
    assert points[0].metrics["loss"] == pytest.approx(log(3), rel=0.01)


# --- the history ---


@every_model
@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({"steps": 20}, [0, 10, 20]),
        ({"steps": 25}, [0, 10, 20, 25]),
        ({"steps": 3}, [0, 3]),
        ({"steps": 1, "log_every": 1}, [0, 1]),
        ({"steps": 8, "log_every": 3}, [0, 3, 6, 8]),
        ({"steps": 8, "log_every": 3, "batch_size": 64}, [0, 3, 6, 8]),
    ],
)
def test_points_come_at_multiples_and_at_both_ends(name: str, training: dict[str, Any], expected: list[int]) -> None:
    """The history has step 0, each multiple of log_every and the last step, each once and in order."""
    _, state, points = trained(CASES[name], **training)
    assert [point.step for point in points] == expected
    assert (state.step, state.logged) == (expected[-1], expected[-1])


def test_the_loop_yields_at_every_step() -> None:
    """Between two points the loop yields None, so that a run can be stopped at any step."""
    problem = Problem(TrainSpec(model=Softmax(), training=Training(steps=4, log_every=2)), SPIRAL)
    seen = [point.step if point else None for point in train(problem, problem.begin())]
    assert seen == [0, None, 2, None, 4]


WAYS: dict[str, dict[str, Any]] = {
    "full batch": {},
    "mini-batches": {"batch_size": 64},
    "standardised": {"standardize": True},
    "with validation": {"validation_fraction": 0.3},
    "all at once": {"batch_size": 64, "standardize": True, "validation_fraction": 0.3},
}
every_way = pytest.mark.parametrize("way", WAYS)


@every_model
@every_way
def test_the_loss_is_the_sum_of_its_parts(name: str, way: str) -> None:
    """At each point, loss = data_loss + reg_loss, and the learning rate stands beside them."""
    _, _, points = trained(CASES[name], steps=20, **WAYS[way])
    for _, metrics, _ in points:
        assert metrics["loss"] == metrics["data_loss"] + metrics["reg_loss"]
        assert metrics["learning_rate"] == 1.0


@every_model
@every_way
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_have_the_reported_accuracy(name: str, way: str, dtype: str) -> None:
    """Predicting the raw training and validation examples with the final state gives the accuracies of the last point."""
    problem, state, points = trained(CASES[name], steps=50, dtype=dtype, seed=3, **WAYS[way])
    plan = problem.spec.training
    rows = train_validation(len(SPIRAL), plan.validation_fraction, plan.seed)
    for metric, part in zip(("train_accuracy", "val_accuracy"), rows, strict=True):
        if len(part):
            predicted = scores(problem.model, state.theta, state.normaliser(SPIRAL.X[part], problem.dtype))
            assert points[-1].metrics[metric] == accuracy(predicted, SPIRAL.y[part])


def test_validation_is_measured_only_where_there_is_some() -> None:
    """Without held-out examples the points have no val_loss and no val_accuracy."""
    _, _, without = trained(Softmax(), steps=1)
    _, _, with_some = trained(Softmax(), steps=1, validation_fraction=0.3)
    names = ["loss", "data_loss", "reg_loss", "train_accuracy", "learning_rate"]
    assert list(without[0].metrics) == [*names, "grad_norm"]
    assert list(with_some[0].metrics) == [*names, "val_loss", "val_accuracy", "grad_norm"]


@every_model
def test_the_validation_loss_is_that_of_the_held_out_examples(name: str) -> None:
    """It is the whole loss, regularisation included, so that loss and val_loss can be compared."""
    problem, state, points = trained(CASES[name], steps=10, validation_fraction=0.3)
    parts, _ = Evaluator(problem.model, state.theta, *problem.validation)()
    assert parts.reg > 0
    assert points[-1].metrics["val_loss"] == parts.data + parts.reg


@every_model
def test_mini_batches_report_on_the_whole_training_part(name: str) -> None:
    """At step 0, before any update, a run in mini-batches reports what a run in full batches does.

    Only the length of the gradient is that of the batch: the step takes no other.
    """
    _, _, full = trained(CASES[name], steps=1, dtype="float64")
    _, _, mini = trained(CASES[name], steps=1, dtype="float64", batch_size=7)
    a, b = ({k: v for k, v in points[0].metrics.items() if k != "grad_norm"} for points in (mini, full))
    assert a == pytest.approx(b, rel=1e-12)


@every_model
def test_mini_batches_learn(name: str) -> None:
    """As many steps in mini-batches of 50 lead to within 5 % of the loss that full batches reach."""
    (_, _, full), (_, _, mini) = (trained(CASES[name], steps=200, batch_size=size) for size in (None, 50))
    assert mini[-1].metrics["loss"] == pytest.approx(full[-1].metrics["loss"], rel=0.05)


def test_the_normaliser_is_fitted_on_the_training_part() -> None:
    """Held-out examples have no say in mean and scale, and the state keeps both for prediction."""
    problem, state, _ = trained(Softmax(), steps=1, standardize=True, validation_fraction=0.3, seed=5)
    part = SPIRAL.X[train_validation(300, 0.3, 5)[0]]
    np.testing.assert_array_equal(state.normaliser.mean, part.mean(axis=0))
    np.testing.assert_array_equal(state.normaliser.scale, part.std(axis=0))
    assert problem.train[0].mean(axis=0) == pytest.approx([0, 0, 1], abs=1e-6)  # the 1 meets the bias


def test_what_validates_is_not_trained_on() -> None:
    """Changing the held-out examples changes the validation metrics and not one bit of the weights."""
    held_out = train_validation(300, 0.3, 0)[1]
    X = SPIRAL.X.copy()
    X[held_out] += 1
    moved = replace(SPIRAL, X=X)
    (_, before, a), (_, after, b) = (trained(Softmax(), data, steps=20, validation_fraction=0.3) for data in (SPIRAL, moved))
    assert before.weights_digest == after.weights_digest
    assert history(a) == history(b)
    assert history(a, "val_loss") != history(b, "val_loss")


# --- divergence ---


def divergent(name: str, **training: Any) -> tuple[Problem, TrainState]:
    """Return a run whose learning rate is far too high."""
    plan = Training(**training)
    problem = Problem(TrainSpec(model=CASES[name], optimizer=Sgd(learning_rate=1e6), training=plan), SPIRAL)
    return problem, problem.begin()


@pytest.mark.parametrize(("rate", "tenth"), [(1e6, 1e5), (0.36, 0.04), (2.0, 0.2), (1e-300, 1e-301)])
def test_the_rate_to_try(rate: float, tenth: float) -> None:
    """After a divergence it is a tenth, to one digit."""
    assert much_slower(rate) == tenth


@every_model
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [None, 64])
def test_divergence_says_where_and_what_to_try(name: str, dtype: str, batch_size: int | None) -> None:
    """A learning rate of a million ends in Diverged: after how many steps, which tensor, and a smaller learning rate to try."""
    problem, state = divergent(name, dtype=dtype, batch_size=batch_size)
    _, error = run_to_divergence(problem, state)
    assert error is not None
    assert 0 < error.step <= 200
    assert error.step == state.step
    assert error.tensor in {"loss", *problem.model.layout.named(state.theta)} | {
        f"the gradient of {part}" for part in problem.model.layout.named(state.theta)
    }
    assert error.suggestion == "the learning rate 1e+06 is probably too high, try 100000"
    assert str(error) == f"{error.tensor} is not finite after {error.step} steps: {error.suggestion}"


@every_model
def test_the_point_with_the_bad_loss_is_yielded_first(name: str) -> None:
    """The history ends with the point at which the loss was no longer a finite number."""
    points, error = run_to_divergence(*divergent(name, log_every=1))
    assert error is not None
    assert points[-1].step == error.step
    assert not isfinite(points[-1].metrics["loss"])
    assert all(isfinite(point.metrics["loss"]) for point in points[:-1])


@every_model
def test_divergence_at_the_last_step_is_not_missed(name: str) -> None:
    """A run whose very last update leaves the finite numbers has diverged too."""
    _, error = run_to_divergence(*divergent(name, log_every=1))
    assert error is not None
    _, last = run_to_divergence(*divergent(name, steps=error.step))
    assert last is not None
    assert last.step == error.step


@every_model
def test_a_resumed_run_diverges_too(name: str) -> None:
    """A run that was stopped right after the point with the bad loss does not go on, or end well, when it is resumed."""
    _, error = run_to_divergence(*divergent(name, log_every=1))
    assert error is not None
    problem, state = divergent(name, log_every=1, steps=error.step)
    run(problem, state, until=error.step)
    points, again = run_to_divergence(problem, TrainState.from_bytes(state.to_bytes()))
    assert points == []
    assert again is not None
    assert (again.step, again.tensor) == (error.step, error.tensor)


def test_a_bad_gradient_stops_before_it_is_used() -> None:
    """Between two points a gradient that is not finite is noticed, named, and neither yielded nor taken into the weights."""
    problem = Problem(TrainSpec(model=Softmax(), training=Training(steps=20)), SPIRAL)
    state = problem.begin()
    run(problem, state, until=1)
    problem.train[0][7, 1] = np.nan  # as if the memory were damaged: no spec leads here with finite weights
    loop = train(problem, state)
    with quiet(), pytest.raises(Diverged, match=r"^the gradient of W1 is not finite after 1 steps: ") as caught:
        next(loop)
    assert caught.value.step == state.step == 1
    assert state.finite


@pytest.mark.parametrize("part", ["W1", "b1"])
def test_a_bad_parameter_is_named(part: str) -> None:
    """Where a parameter itself is no longer finite, it is named rather than the loss that shows it."""
    problem = Problem(TrainSpec(model=Softmax(), training=Training(steps=20)), SPIRAL)
    state = problem.begin()
    problem.model.layout.named(state.theta)[part][...] = np.inf
    _, error = run_to_divergence(problem, state)
    assert error is not None
    assert error.tensor == part


def test_a_sound_run_does_not_diverge() -> None:
    """A run that stays finite ends without an error."""
    problem = Problem(TrainSpec(model=Softmax(), training=Training(steps=5)), SPIRAL)
    points, error = run_to_divergence(problem, problem.begin())
    assert error is None
    assert points[-1].step == 5
