"""The inside of a model against sums written out."""

import numpy as np

from core.diagnose import CHUNK, dead_units, hidden, near_kinks
from core.models import Linear, Mlp
from core.types import Floats


def net(sizes: tuple[int, ...] = (4, 3)) -> tuple[Mlp, Floats]:
    """Return a ReLU net and its parameters."""
    model = Mlp(2, sizes, 3, "relu", 0.0, "he")
    return model, model.init(np.random.default_rng(0), np.dtype(np.float64))


def test_hidden_is_the_textbook_formula() -> None:
    """The scores that follow from the hidden layers are those of the program, with relu and with tanh."""
    X, y = np.random.default_rng(1).standard_normal((5, 2)), np.array([0, 1, 2, 0, 1])
    for model in (net()[0], Mlp(2, (4, 3), 3, "tanh", 0.0, "xavier")):
        theta = model.init(np.random.default_rng(0), np.dtype(np.float64))
        *_, O = hidden(model, theta, X)
        named = model.layout.named(theta)
        program = model.bind(theta, 5)
        program.load(model.prepare(X), y)
        program.forward(None)
        H = np.maximum(O, 0) if model.activation == "relu" else np.tanh(O)
        np.testing.assert_allclose(H @ named["W3"] + named["b3"], program.scores)


def test_dead_units_are_counted() -> None:
    """A unit with a bias far below zero is dead; one row that activates it, in a later chunk, brings it to life."""
    model, theta = net((4,))
    named = model.layout.named(theta)
    named["b1"][:] = [10, -1000, 10, -1000]
    X = np.random.default_rng(1).standard_normal((CHUNK + 1, 2))
    assert dead_units(model, theta, X) == [2]
    X[-1] = 2000 * named["W1"][:, 1] / np.sum(named["W1"][:, 1] ** 2)
    assert dead_units(model, theta, X) <= [1]


def test_zero_is_dead() -> None:
    """A unit whose input is exactly zero is not active, and sits at its kink."""
    model, theta = net((4,))
    theta[:] = 0
    X, y = np.ones((2, 2)), np.array([0, 1])
    assert dead_units(model, theta, X) == [4]
    assert near_kinks(model, theta, X, y, 1e-5).tolist() == [4, 4]


def test_margins_at_their_kink_are_counted() -> None:
    """Of the hinge loss, the margins near zero count, not the one of the right class; softmax has none."""
    theta = np.zeros(9)
    X, y = np.ones((2, 2)), np.array([0, 1])
    svm = Linear(2, 3, "hinge", 0.0, margin=1.0)
    assert near_kinks(svm, theta, X, y, 1e-5).tolist() == [0, 0]
    svm.layout.named(theta)["b1"][:] = [1, 0, 0]
    assert near_kinks(svm, theta, X, y, 1e-5).tolist() == [2, 0]
    assert near_kinks(Linear(2, 3, "softmax", 0.0), theta, X, y, 1e-5).tolist() == [0, 0]
