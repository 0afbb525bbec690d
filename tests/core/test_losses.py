"""The losses against slow loops, against numeric differences, and where floating point is delicate."""

import inspect
from collections.abc import Callable
from decimal import Decimal, localcontext
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core import losses
from core.losses import (
    ClassWeights,
    Loss,
    MulticlassHinge,
    SoftmaxCrossEntropy,
    multiclass_hinge,
    softmax_,
    softmax_cross_entropy,
)
from core.rowwise import RowwiseCrossEntropy
from core.train import quiet
from core.types import DType, Floats, Ints
from tests.core.strategies import scored_batches

LossFunction = Callable[[Floats, Ints], tuple[float, Floats]]
LOSSES: dict[str, LossFunction] = {"softmax": softmax_cross_entropy, "hinge": multiclass_hinge}
BOUND: dict[str, Callable[[int, int, DType], Loss]] = {"softmax": SoftmaxCrossEntropy, "hinge": MulticlassHinge}
WEIGHTED: dict[str, Callable[[Floats, Ints, ClassWeights], tuple[float, Floats]]] = {
    "softmax": softmax_cross_entropy,
    "hinge": lambda scores, y, weights: multiclass_hinge(scores, y, class_weights=weights),
}
every_loss = pytest.mark.parametrize("name", LOSSES)
margins = st.floats(0.01, 100)


def slow_softmax_cross_entropy(scores: Floats, y: Ints) -> tuple[float, Floats]:
    """Follow the definition in 50 digits, which need no trick against overflow: exp(1e4) is a number like any other."""
    n, k = scores.shape
    loss, dscores = Decimal(0), np.zeros((n, k))
    with localcontext(prec=50):
        for i in range(n):
            exps = [Decimal(float(s)).exp() for s in scores[i]]
            for j in range(k):
                dscores[i, j] = float((exps[j] / sum(exps) - int(j == y[i])) / n)
            loss -= (exps[y[i]] / sum(exps)).ln() / n
        return float(loss), dscores


def slow_multiclass_hinge(scores: Floats, y: Ints, margin: float = 1.0) -> tuple[float, Floats]:
    """Follow the definition, example by example and class by class, in the precision of the scores."""
    n, k = scores.shape
    loss, dscores = 0.0, np.zeros((n, k))
    for i, j in product(range(n), range(k)):
        violation = scores[i, j] - scores[i, y[i]] + scores.dtype.type(margin)
        if j != y[i] and violation > 0:
            loss += float(violation) / n
            dscores[i, j] += 1 / n
            dscores[i, y[i]] -= 1 / n
    return loss, dscores


def assert_close(actual: tuple[float, Floats], expected: tuple[float, Floats], tolerance: float) -> None:
    """Compare loss and gradient."""
    np.testing.assert_allclose(actual[0], expected[0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(actual[1], expected[1], rtol=tolerance, atol=tolerance)


@given(batch=scored_batches(limit=10))
def test_softmax_follows_its_definition(batch: tuple[Floats, Ints]) -> None:
    """Loss and gradient are those of the definition up to the last digits of float64."""
    assert_close(softmax_cross_entropy(*batch), slow_softmax_cross_entropy(*batch), 1e-13)


@given(batch=scored_batches(limit=1e4))
def test_softmax_does_not_overflow(batch: tuple[Floats, Ints]) -> None:
    """Scores of 10 000, whose exponentials are no floats, give the loss and gradient of the definition."""
    # s - max s is rounded to half a unit in the last place of 2e4, 1.8e-12, and exp passes that on.
    assert_close(softmax_cross_entropy(*batch), slow_softmax_cross_entropy(*batch), 1e-11)


@given(batch=scored_batches(limit=10, dtype="float32"))
def test_softmax_in_float32(batch: tuple[Floats, Ints]) -> None:
    """In float32 the same holds up to the last digits of float32, and the gradient is float32."""
    actual = softmax_cross_entropy(*batch)
    assert actual[1].dtype == np.float32
    assert_close(actual, slow_softmax_cross_entropy(*batch), 4e-6)


@given(batch=scored_batches(limit=1e4, dtype="float32"))
def test_softmax_in_float32_does_not_overflow(batch: tuple[Floats, Ints]) -> None:
    """Scores of 10 000 are no trouble in float32 either."""
    # Half a unit in the last place of 2e4 is 9.8e-4 here.
    assert_close(softmax_cross_entropy(*batch), slow_softmax_cross_entropy(*batch), 2e-3)


@given(batch=scored_batches(limit=1e4), margin=margins)
def test_hinge_follows_its_definition(batch: tuple[Floats, Ints], margin: float) -> None:
    """Loss and gradient are those of the definition, for scores of any size and any margin."""
    assert_close(multiclass_hinge(*batch, margin), slow_multiclass_hinge(*batch, margin), 1e-13)


@given(batch=scored_batches(limit=1e4, dtype="float32"), margin=margins)
def test_hinge_in_float32(batch: tuple[Floats, Ints], margin: float) -> None:
    """In float32 the same holds, and the gradient is float32."""
    actual = multiclass_hinge(*batch, margin)
    assert actual[1].dtype == np.float32
    assert_close(actual, slow_multiclass_hinge(*batch, margin), 1e-6)


@given(batch=scored_batches())
def test_softmax_gradient_is_that_of_differences(batch: tuple[Floats, Ints]) -> None:
    """The gradient is the slope of exactly the loss that is returned."""
    numeric = numeric_gradient(softmax_cross_entropy, *batch)
    np.testing.assert_allclose(softmax_cross_entropy(*batch)[1], numeric, rtol=0, atol=1e-8)


@given(batch=scored_batches(), margin=margins)
def test_hinge_gradient_is_that_of_differences(batch: tuple[Floats, Ints], margin: float) -> None:
    """Away from the kinks, the gradient is the slope of exactly the loss that is returned."""
    scores, y = batch
    distances = np.abs(scores - scores[np.arange(len(y)), y][:, None] + margin)
    assume(distances.min() > 1e-3)
    numeric = numeric_gradient(lambda s, y: multiclass_hinge(s, y, margin), scores, y)
    np.testing.assert_allclose(multiclass_hinge(scores, y, margin)[1], numeric, rtol=0, atol=1e-8)


def numeric_gradient(loss: LossFunction, scores: Floats, y: Ints, h: float = 1e-4) -> Floats:
    """Return the central difference at each score."""
    numeric = np.empty_like(scores)
    for position in np.ndindex(*scores.shape):
        step = np.zeros_like(scores)
        step[position] = h
        numeric[position] = (loss(scores + step, y)[0] - loss(scores - step, y)[0]) / (2 * h)
    return numeric


@every_loss
@given(batch=scored_batches(limit=1e4))
def test_the_loss_is_the_mean(name: str, batch: tuple[Floats, Ints]) -> None:
    """The loss of a batch is the mean over its examples taken alone, and so is the gradient."""
    scores, y = batch
    alone = [LOSSES[name](scores[i : i + 1], y[i : i + 1]) for i in range(len(y))]
    mean = float(np.mean([loss for loss, _ in alone])), np.concatenate([dscores for _, dscores in alone]) / len(y)
    assert_close(LOSSES[name](scores, y), mean, 1e-13)


@every_loss
@given(batch=scored_batches(limit=1e4))
def test_gradients_of_an_example_sum_to_zero(name: str, batch: tuple[Floats, Ints]) -> None:
    """Adding the same number to all scores of an example changes nothing."""
    np.testing.assert_allclose(LOSSES[name](*batch)[1].sum(axis=1), 0, atol=1e-14)


@every_loss
@given(batch=scored_batches(limit=1e4, dtype="float32"))
def test_the_layout_in_memory_does_not_matter(name: str, batch: tuple[Floats, Ints]) -> None:
    """Scores in C order and in Fortran order give the same bits."""
    scores, y = batch
    c = LOSSES[name](np.ascontiguousarray(scores), y)
    f = LOSSES[name](np.asfortranarray(scores), y)
    assert c[0] == f[0]
    assert np.array_equal(c[1], f[1])


@every_loss
@given(batch=scored_batches())
def test_the_input_is_left_alone(name: str, batch: tuple[Floats, Ints]) -> None:
    """The pure functions write to nothing that was given to them."""
    scores, y = batch[0].copy(), batch[1].copy()
    LOSSES[name](scores, y)
    assert np.array_equal(scores, batch[0])
    assert np.array_equal(y, batch[1])


@every_loss
def test_a_bound_loss_takes_one_batch_after_the_other(name: str) -> None:
    """The halves of a bound loss give what the pure function gives, whatever batch was loaded before."""
    rng = np.random.default_rng(0)
    bound = BOUND[name](5, 3, np.dtype(np.float64))
    for _ in range(3):
        scores, y = rng.standard_normal((5, 3)), rng.integers(0, 3, 5)
        expected = LOSSES[name](scores, y)
        bound.load(y)
        assert bound.value(scores) == expected[0]
        bound.gradient_(scores)
        assert np.array_equal(scores, expected[1])


def test_every_loss_has_its_tests() -> None:
    """Whoever adds a loss adds it to the tables above, and with it the tests that run over them."""
    written = {c for _, c in inspect.getmembers(losses, inspect.isclass) if hasattr(c, "gradient_") and c is not Loss}
    assert set(BOUND.values()) == written
    assert LOSSES.keys() == BOUND.keys() == WEIGHTED.keys()


@every_loss
@given(batch=scored_batches(limit=1e4), repeats=st.lists(st.integers(1, 4), min_size=10, max_size=10))
def test_a_class_weight_counts_like_repeated_examples(name: str, batch: tuple[Floats, Ints], repeats: list[int]) -> None:
    """With whole numbers as weights, loss and gradient are those of a batch that has each example so many times."""
    scores, y = batch
    weights = tuple(float(times) for times in repeats[: scores.shape[1]])
    rows = np.repeat(np.arange(len(y)), np.array(repeats)[y])
    loss, dscores = LOSSES[name](scores[rows], y[rows])
    summed = np.zeros_like(scores)
    np.add.at(summed, rows, dscores)
    ratio = len(rows) / len(y)
    assert_close(WEIGHTED[name](scores, y, weights), (loss * ratio, summed * ratio), 1e-11)


@every_loss
@given(batch=scored_batches(limit=1e4, dtype="float32"))
def test_weights_of_one_change_nothing(name: str, batch: tuple[Floats, Ints]) -> None:
    """Class weights of 1 give the loss and the gradient without any, in the dtype of the scores."""
    plain, weighted = LOSSES[name](*batch), WEIGHTED[name](*batch, (1.0,) * batch[0].shape[1])
    assert weighted[1].dtype == np.float32
    assert_close(weighted, plain, 1e-6)


def row_by_row(scores: Floats, y: Ints) -> RowwiseCrossEntropy:
    """Return the loss bound to rows in C order, loaded."""
    n, k = scores.shape
    bound = RowwiseCrossEntropy(n, k, scores.dtype)
    bound.load(y)
    return bound


@given(batch=scored_batches(limit=1e4))
def test_row_by_row_softmax_is_the_same(batch: tuple[Floats, Ints]) -> None:
    """For rows in C order, loss and gradient follow the definition, and the gradient tells the very loss on the way."""
    scores, y = batch[0].copy(), batch[1]
    bound = row_by_row(scores, y)
    value = bound.value(scores)
    assert np.array_equal(scores, batch[0])
    assert bound.gradient_(scores) == value
    assert_close((value, scores), slow_softmax_cross_entropy(*batch), 1e-11)


@given(batch=scored_batches(limit=10, dtype="float32"))
def test_row_by_row_softmax_in_float32(batch: tuple[Floats, Ints]) -> None:
    """In float32 the same holds up to the last digits of float32, and no loss is below zero."""
    scores, y = batch[0].copy(), batch[1]
    bound = row_by_row(scores, y)
    value = bound.gradient_(scores)
    assert value >= 0
    assert scores.dtype == np.float32
    assert_close((value, scores), slow_softmax_cross_entropy(*batch), 4e-6)


def test_row_by_row_softmax_takes_one_batch_after_the_other() -> None:
    """What was loaded before leaves no trace."""
    rng = np.random.default_rng(0)
    bound = RowwiseCrossEntropy(5, 3, np.dtype(np.float64))
    for _ in range(3):
        scores, y = rng.standard_normal((5, 3)), rng.integers(0, 3, 5)
        expected = softmax_cross_entropy(scores, y)
        bound.load(y)
        assert_close((bound.gradient_(scores), scores), expected, 1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_row_by_row_softmax_does_not_hide_bad_scores(bad: float) -> None:
    """NaN and infinity among the scores come out in the loss and in the gradient."""
    scores = np.zeros((2, 3))
    scores[1, 2] = bad
    bound = row_by_row(scores, np.array([0, 0]))
    with quiet():
        assert not np.isfinite(bound.gradient_(scores))
    assert np.isnan(scores[1]).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("margin", [0.1, 0.3, 1e5 + 0.1])
def test_satisfied_margins_cost_nothing(dtype: type[np.floating], margin: float) -> None:
    """A batch without a violation has the loss 0, not what is left of a margin that no float holds exactly."""
    scores = np.array([[2 * margin, 0, 0]] * 3, dtype)
    loss, dscores = multiclass_hinge(scores, np.zeros(3, np.int64), margin)
    assert loss == 0
    assert not dscores.any()


def test_softmax_of_equal_scores_is_the_logarithm_of_k() -> None:
    """A model that knows nothing pays ln K."""
    assert softmax_cross_entropy(np.zeros((4, 3)), np.array([0, 1, 2, 0]))[0] == pytest.approx(np.log(3), rel=1e-15)


@given(batch=scored_batches(limit=1e4))
def test_softmax_gives_probabilities(batch: tuple[Floats, Ints]) -> None:
    """In place, scores of any size become numbers from 0 to 1 that sum to 1, the largest where the score is."""
    scores = batch[0]
    probabilities = scores.copy()
    softmax_(probabilities)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)
    assert np.array_equal(probabilities[np.arange(len(scores)), scores.argmax(axis=1)], probabilities.max(axis=1))
