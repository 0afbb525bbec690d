"""Datasets, the normaliser and the split into a training and a validation part."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.dataset import Dataset, Normaliser, train_validation
from core.errors import DataError, ShapeError
from core.types import Floats
from tests.core.strategies import features

FLOAT64 = np.dtype(np.float64)
X32 = np.arange(6.0).reshape(3, 2)


def test_labels_are_numbered_in_sorted_order() -> None:
    """Class names are sorted, integers by value and before strings, and y holds their numbers."""
    data = Dataset.of(np.zeros((5, 1)), ["b", 10, "a", 9, "b"])
    assert data.classes == (9, 10, "a", "b")
    assert data.y.tolist() == [3, 1, 2, 0, 3]


def test_features_get_names() -> None:
    """Features without names are called x1, x2, and so on."""
    assert Dataset.of(X32, [0, 1, 0]).features == ("x1", "x2")
    assert Dataset.of(X32, [0, 1, 0], ("width", "height")).features == ("width", "height")


def test_rows_can_be_taken() -> None:
    """Taking rows keeps the classes, also those without an example left."""
    part = Dataset.of(X32, ["a", "b", "a"]).take(np.array([2, 0]))
    assert part.X.tolist() == [[4, 5], [0, 1]]
    assert (part.y.tolist(), part.classes, len(part)) == ([0, 0], ("a", "b"), 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200, -1e101])
def test_a_number_that_is_not_usable_is_named_with_row_and_column(bad: float) -> None:
    """The message says which row, counted from 1, and which column holds what."""
    X = X32.copy()
    X[1, 1] = bad
    with pytest.raises(DataError, match=rf"^row 2, column 'height' is {re.escape(str(bad))}, must be a number between"):
        Dataset.of(X, ["a", "b", "a"], ("width", "height"))


def test_one_class_is_too_few() -> None:
    """With a single class there is nothing to tell apart."""
    with pytest.raises(DataError, match=r"^there is only the class 'a', at least 2 are needed$"):
        Dataset.of(X32, ["a", "a", "a"])


@pytest.mark.parametrize("shape", [(0, 2), (3, 0)])
def test_no_examples_or_no_features_are_too_few(shape: tuple[int, int]) -> None:
    """At least one example of one feature is needed."""
    with pytest.raises(DataError, match=rf"^there are {shape[0]} examples of {shape[1]} features, at least 1 of 1 is needed$"):
        Dataset.of(np.zeros(shape), list(range(shape[0])))


@pytest.mark.parametrize(
    ("X", "n_labels", "names"),
    [(X32, 2, ("a", "b")), (X32, 3, ("a",)), (np.zeros(3), 3, ("a",)), (np.zeros((3, 1, 1)), 3, ("a",))],
)
def test_shapes_must_fit(X: Floats, n_labels: int, names: tuple[str, ...]) -> None:
    """X, y and the feature names must agree, and the message says all three."""
    message = f"X is {X.shape} and y ({n_labels},), with {len(names)} feature names"
    with pytest.raises(ShapeError, match=rf"^{re.escape(message)}$"):
        Dataset(X, np.zeros(n_labels, np.int64), ("a", "b"), names)


def test_features_are_normalised_to_mean_0_and_deviation_1() -> None:
    """After fitting, each feature of the same examples has mean 0 and deviation 1."""
    X = np.random.default_rng(0).normal([5, -100], [0.1, 30], (50, 2))
    Z = Normaliser.fit(X)(X, FLOAT64)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-13)


@given(X=features())
def test_normalised_features_are_always_finite(X: Floats) -> None:
    """No feature, constant or not, is divided by zero."""
    Z = Normaliser.fit(X)(X, FLOAT64)
    assert np.abs(Z).max() <= np.sqrt(len(X)) + 1e-6  # the farthest that one of N values can be from their mean


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.1, -1e-300])
@pytest.mark.parametrize("n", [1, 3, 100])
def test_a_constant_feature_is_only_shifted(value: float, n: int) -> None:
    """A constant keeps the scale 1, also where its mean is rounded and its deviation comes out as 1e-17."""
    X = np.full((n, 1), value)
    normaliser = Normaliser.fit(X)
    assert normaliser.scale.tolist() == [1.0]
    assert np.abs(normaliser(X, FLOAT64)).max() <= 1e-9


def test_the_identity_changes_nothing() -> None:
    """Without standardisation the features stay as they are."""
    assert np.array_equal(Normaliser.identity(2)(X32, FLOAT64), X32)


def test_normalising_rounds_at_the_end() -> None:
    """A small difference on top of a large mean survives float32, because the mean goes first."""
    X = np.array([[1e9], [1e9 + 1]])
    Z = Normaliser.fit(X)(X, np.dtype(np.float32))
    assert Z.dtype == np.float32
    assert Z.tolist() == [[-1], [1]]


@given(n=st.integers(2, 50), fraction=st.floats(0, 0.99), seed=st.integers(0, 2**32 - 1))
def test_a_split_is_disjoint_covering_and_ordered(n: int, fraction: float, seed: int) -> None:
    """Each row is in exactly one part, the held-out part has round(n·fraction) rows, and both keep the order."""
    train, held_out = train_validation(n, fraction, seed)
    assert sorted([*train, *held_out]) == list(range(n))
    assert len(held_out) == round(n * fraction)
    assert train.tolist() == sorted(train)
    assert held_out.tolist() == sorted(held_out)


def test_a_split_depends_on_its_seed() -> None:
    """The same seed holds out the same rows, another seed others."""
    same, again, other = (train_validation(100, 0.2, seed)[1].tolist() for seed in (1, 1, 2))
    assert same == again
    assert same != other


def test_no_fraction_holds_nothing_out() -> None:
    """With fraction 0 all rows are trained on."""
    train, held_out = train_validation(5, 0.0, 0)
    assert train.tolist() == [0, 1, 2, 3, 4]
    assert held_out.size == 0
