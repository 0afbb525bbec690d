"""Scores, loss and accuracy on any number of examples."""

import re
import threading

import numpy as np
import pytest
from sklearn import metrics

from core.errors import ShapeError
from core.evaluate import CHUNK, Evaluator, Scorer, accuracy, confusion_matrix, scores
from core.models import Linear, Mlp, Model
from core.types import Floats, Ints

MODELS: dict[str, Model] = {
    "linear": Linear(2, 3, "softmax", 0.1),
    "mlp": Mlp(2, (5,), 3, "relu", 0.1),
    "in small chunks": Mlp(2, (300,), 3, "relu", 0.1),
    "too large to be kept": Mlp(2, (100, 100), 3, "tanh", 0.1),
}
every_model = pytest.mark.parametrize("name", MODELS)
around_a_chunk = pytest.mark.parametrize("n", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3])


def examples(model: Model, n: int) -> tuple[Floats, Floats, Ints]:
    """Return parameters and random examples."""
    rng = np.random.default_rng(0)
    theta = rng.standard_normal(model.layout.size)
    return theta, rng.standard_normal((n, model.n_features)), rng.integers(0, model.n_classes, n)


def whole(model: Model, theta: Floats, X: Floats, y: Ints) -> tuple[Floats, tuple[float, float]]:
    """Return scores and loss of all examples in one pass."""
    program = model.bind(theta, len(y))
    program.load(model.prepare(X), y)
    program.forward(None)
    return program.scores, program.loss()


@every_model
@around_a_chunk
def test_chunks_do_not_show_in_scores(name: str, n: int) -> None:
    """The scores of many examples are those of one large pass, in their order."""
    theta, X, y = examples(MODELS[name], n)
    np.testing.assert_allclose(scores(MODELS[name], theta, X), whole(MODELS[name], theta, X, y)[0], rtol=1e-12, atol=1e-13)


@every_model
@around_a_chunk
def test_chunks_do_not_show_in_the_loss(name: str, n: int) -> None:
    """Loss and accuracy over many examples are those of one large pass; regularisation counts once."""
    model = MODELS[name]
    theta, X, y = examples(model, n)
    all_scores, parts = whole(model, theta, X, y)
    measured, share = Evaluator(model, theta, model.prepare(X), y)()
    np.testing.assert_allclose(measured, parts, rtol=1e-12)
    assert share == pytest.approx(np.mean(all_scores.argmax(axis=1) == y), rel=1e-15)


@every_model
def test_an_evaluator_follows_the_parameters(name: str) -> None:
    """It is bound to theta by reference: when theta changes, so does what it measures."""
    model = MODELS[name]
    theta, X, y = examples(model, 10)
    evaluator = Evaluator(model, theta, model.prepare(X), y)
    before = evaluator()
    theta *= 2
    assert evaluator() != before
    assert evaluator() == Evaluator(model, theta, model.prepare(X), y)()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_have_the_precision_of_the_parameters(dtype: type[np.floating]) -> None:
    """Examples in float64 are scored in the dtype that was trained in."""
    theta, X, _ = examples(MODELS["linear"], 4)
    assert scores(MODELS["linear"], theta.astype(dtype), X).dtype == dtype


def test_no_examples_give_no_scores() -> None:
    """Asking for nothing is not an error."""
    theta, X, _ = examples(MODELS["linear"], 4)
    assert scores(MODELS["linear"], theta, X[:0]).shape == (0, 3)


@pytest.mark.parametrize("shape", [(4, 3), (4, 1), (4,), (1, 4, 2)])
def test_examples_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    """The message names the shape that came and the one that was trained on."""
    model = MODELS["linear"]
    message = f"X is {shape}, the model was trained on 2 features: (N, 2)"
    with pytest.raises(ShapeError, match=rf"^{re.escape(message)}$"):
        scores(model, np.zeros(model.layout.size), np.zeros(shape))


def test_accuracy_counts_the_largest_scores() -> None:
    """A row is right when its largest score, the first of several, stands at its label."""
    table = np.array([[1.0, 2.0, 0.0], [3.0, 3.0, 0.0], [0.0, 5.0, 5.0], [0.0, 0.0, 1.0]])
    assert accuracy(table, np.array([1, 0, 2, 2])) == 0.75


def test_the_confusion_matrix_is_that_of_scikit_learn() -> None:
    """Row = true class, column = predicted class, classes that never occur included."""
    rng = np.random.default_rng(0)
    y, predicted = rng.integers(0, 3, 50), rng.integers(0, 3, 50)
    expected = metrics.confusion_matrix(y, predicted, labels=range(5))
    assert np.array_equal(confusion_matrix(predicted, y, 5), expected)


@pytest.mark.parametrize("name", MODELS)
def test_a_scorer_that_is_used_again_gives_the_same_bits(name: str) -> None:
    """What is kept from one batch to the next leaves no trace, whatever sizes follow each other, in whatever thread."""
    rng = np.random.default_rng(5)
    model = MODELS[name]
    theta = model.init(rng, np.dtype(np.float32))
    batches = [rng.normal(size=(n, model.n_features)) for n in (1, 1, 3, 1, 200, 1, 3, 3)]
    expected = [scores(model, theta, X) for X in batches]
    scorer = Scorer(model, theta)
    wrong: list[int] = []

    def work() -> None:
        for _ in range(30):
            for i, X in enumerate(batches):
                if not np.array_equal(scorer(X), expected[i]):
                    wrong.append(i)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
