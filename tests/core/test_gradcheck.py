"""The gradient checker is itself checked: a gradient wrong by 1 % must be caught."""

from dataclasses import dataclass

import numpy as np
import pytest

from core.gradcheck import check_model, relative_error
from core.models.linear import Linear, LinearProgram
from core.noise import Noise
from core.types import Floats

CAUGHT = 5e-3  # half of the 1 % that must be caught
RIGHT = 1e-5  # the limit of the contract tests


def f(x: Floats) -> float:
    """Return a function of five variables that no polynomial of low degree fits."""
    return float(np.sum(np.sin(x) * np.exp(x / 3)))


def df(x: Floats) -> Floats:
    """Return its gradient, worked out by hand."""
    return (np.cos(x) + np.sin(x) / 3) * np.exp(x / 3)


@pytest.mark.parametrize("seed", range(10))
def test_a_right_gradient_passes(seed: int) -> None:
    """The right gradient is within the limit by a wide margin, whatever point and directions were drawn."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(5)
    assert relative_error(f, x, df(x), rng) < RIGHT / 10


@pytest.mark.parametrize("factor", [0.99, 1.01, -1.0, 0.0])
@pytest.mark.parametrize("seed", range(10))
def test_a_wrong_gradient_is_caught(seed: int, factor: float) -> None:
    """A gradient that is wrong by 1 %, has the wrong sign or is zero is far outside the limit."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(5)
    assert relative_error(f, x, factor * df(x), rng) > CAUGHT


@pytest.mark.parametrize("seed", range(10))
def test_one_missing_entry_is_caught(seed: int) -> None:
    """A single partial derivative that was forgotten shows in a random direction."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(5)
    gradient = df(x)
    gradient[np.abs(gradient).argmax()] = 0
    assert relative_error(f, x, gradient, rng) > CAUGHT


def test_a_matrix_is_checked_as_well() -> None:
    """The point and its gradient may have any shape."""
    x = np.random.default_rng(0).standard_normal((2, 3))
    assert relative_error(f, x, df(x), np.random.default_rng(1)) < RIGHT


def test_where_nothing_changes_nothing_is_wrong() -> None:
    """A gradient of zeros where the function is flat has no error, not 0 / 0."""
    assert relative_error(lambda _: 1.0, np.ones(3), np.zeros(3), np.random.default_rng(0)) == 0


@dataclass(frozen=True)
class SlightlyWrong(Linear):
    """A softmax classifier whose gradient is wrong by a factor."""

    factor: float = 1.0

    def bind(self, theta: Floats, n: int, noise: Noise | None = None) -> LinearProgram:
        """Bind to a program that is wrong."""
        del noise
        return SlightlyWrongProgram(self, theta, n, self.factor)


class SlightlyWrongProgram(LinearProgram):
    """Its program."""

    def __init__(self, model: Linear, theta: Floats, n: int, factor: float) -> None:
        super().__init__(model, theta, n)
        self.factor = factor

    def backward(self) -> None:
        """Do all as usual, then spoil it."""
        super().backward()
        self.gradient *= self.factor


def check(factor: float) -> float:
    """Check a softmax classifier with a gradient that is wrong by a factor."""
    rng = np.random.default_rng(0)
    model = SlightlyWrong(2, 3, "softmax", 0.1, factor=factor)
    theta = rng.standard_normal(model.layout.size)
    return check_model(model, theta, rng.standard_normal((4, 2)), np.array([0, 1, 2, 1]), rng)


def test_a_slightly_wrong_model_is_caught() -> None:
    """A model whose gradient is wrong by 1 % fails, and the same model with the right one passes."""
    assert check(1.0) < RIGHT
    assert check(1.01) > CAUGHT
    assert check(0.99) > CAUGHT


def test_the_parameters_are_left_alone() -> None:
    """Checking a model does not move the parameters it was given."""
    theta = np.ones(9)
    check_model(Linear(2, 3, "softmax", 0.1), theta, np.ones((1, 2)), np.array([0]), np.random.default_rng(0))
    assert np.array_equal(theta, np.ones(9))
