"""Made-up datasets against the course's code, scikit-learn and the rule of each."""

from typing import get_args

import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons

from core.data.dataset import Dataset
from core.data.synthetic import make
from core.spec import Blobs, Circles, Moons, Spiral, SyntheticSpec, Xor
from core.types import Floats

SPECS: tuple[type[SyntheticSpec], ...] = get_args(SyntheticSpec)
every_kind = pytest.mark.parametrize("kind", SPECS, ids=lambda spec: spec.kind)


@every_kind
def test_shapes_and_classes(kind: type[SyntheticSpec]) -> None:
    """Each class has `points_per_class` rows, class after class, with two features and finite values."""
    data = make(kind(points_per_class=7))
    k = len(data.classes)
    assert data.X.shape == (7 * k, 2)
    assert data.X.dtype == np.float64
    assert data.y.tolist() == [label for label in range(k) for _ in range(7)]
    assert data.classes == tuple(range(k))
    assert data.features == ("x1", "x2")


@every_kind
def test_the_same_parameters_make_the_same_bits(kind: type[SyntheticSpec]) -> None:
    """A dataset is a function of its spec."""
    assert make(kind(seed=3)).X.tobytes() == make(kind(seed=3)).X.tobytes()


@every_kind
def test_another_seed_makes_other_points(kind: type[SyntheticSpec]) -> None:
    """The seed decides where the points fall."""
    assert not np.array_equal(make(kind(seed=3, noise=0.1)).X, make(kind(seed=4, noise=0.1)).X)


@every_kind
def test_one_point_a_class_is_enough(kind: type[SyntheticSpec]) -> None:
    """The smallest dataset has one example of each class."""
    data = make(kind(points_per_class=1))
    assert len(data) == len(data.classes)


@pytest.mark.parametrize("kind", [Spiral, Blobs])
def test_the_number_of_classes_can_be_chosen(kind: type[Spiral | Blobs]) -> None:
    """Spiral arms and clouds come in any number."""
    assert make(kind(classes=5)).classes == (0, 1, 2, 3, 4)


def test_blobs_have_any_number_of_features() -> None:
    """Clouds can lie in any number of dimensions."""
    data = make(Blobs(features=4))
    assert data.X.shape == (300, 4)
    assert data.features == ("x1", "x2", "x3", "x4")


def test_the_spiral_is_the_courses() -> None:
    """The spiral of seed 0 is that of the course after np.random.seed(0), bit for bit."""
    randn = np.random.RandomState(0).randn  # the stream of np.random.seed(0); np.random.randn
    N, D, K = 100, 2, 3
    X = np.zeros((N * K, D))
    y = np.zeros(N * K, dtype="uint8")
    for j in range(K):
        ix = range(N * j, N * (j + 1))
        r = np.linspace(0.0, 1, N)
        t = np.linspace(j * 4, (j + 1) * 4, N) + randn(N) * 0.2
        X[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
        y[ix] = j
    data = make(Spiral(seed=0))
    assert np.array_equal(data.X, X)
    assert np.array_equal(data.y, y)


def test_moons_are_those_of_scikit_learn() -> None:
    """Without noise the half circles lie where scikit-learn puts them."""
    X, y = make_moons(n_samples=100, noise=0, shuffle=False)
    assert_same(make(Moons(points_per_class=50, noise=0)), X, y)


@pytest.mark.parametrize("factor", [0.2, 0.8])
def test_circles_are_those_of_scikit_learn(factor: float) -> None:
    """Without noise the circles lie where scikit-learn puts them."""
    X, y = make_circles(n_samples=100, noise=0, shuffle=False, factor=factor)
    assert_same(make(Circles(points_per_class=50, noise=0, factor=factor)), X, y)


def assert_same(data: Dataset, X: Floats, y: Floats) -> None:
    """Compare a dataset with X (N, D) and y (N,), up to the rounding of a few operations."""
    np.testing.assert_allclose(data.X, X, rtol=0, atol=1e-15)
    assert np.array_equal(data.y, y)


def test_circles_have_their_radii() -> None:
    """Without noise class 0 lies on radius 1 and class 1 on `factor`."""
    data = make(Circles(noise=0, factor=0.3))
    np.testing.assert_allclose(np.hypot(*data.X.T), np.where(data.y == 0, 1.0, 0.3), rtol=1e-15)


def test_xor_is_the_sign_of_the_product() -> None:
    """Without noise class 0 is where the signs of both coordinates agree, and all four quadrants are used."""
    data = make(Xor(points_per_class=200, noise=0))
    assert np.array_equal(data.y, np.where(data.X.prod(axis=1) > 0, 0, 1))
    assert np.abs(data.X).max() <= 1
    assert len(np.unique(np.sign(data.X), axis=0)) == 4


def test_blobs_lie_around_centres_in_the_square() -> None:
    """Without noise all points of a class are its centre, somewhere in [-5, 5]^D."""
    data = make(Blobs(noise=0, points_per_class=3))
    centres = np.unique(data.X, axis=0)
    assert len(centres) == 3
    assert np.abs(centres).max() <= 5


@pytest.mark.parametrize("spec", [Moons, Circles, Blobs, Xor])
def test_noise_is_a_standard_deviation(spec: type[Moons | Circles | Blobs | Xor]) -> None:
    """The noise moves each coordinate by a normal number of that deviation."""
    moved = make(spec(noise=0.5, points_per_class=5000)).X - make(spec(noise=0, points_per_class=5000)).X
    assert moved.std() == pytest.approx(0.5, rel=0.03)
    assert abs(moved.mean()) < 0.03
