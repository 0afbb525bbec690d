"""A stratified split holds out the same share of every class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.dataset import stratified
from core.data.synthetic import make
from core.errors import SpecError
from core.problem import Problem
from core.spec import Blobs, Softmax, Training, TrainSpec, held_out

COUNTS = st.lists(st.integers(1, 30), min_size=2, max_size=5)


@given(counts=COUNTS, fraction=st.floats(0, 0.99), seed=st.integers(0, 2**32 - 1))
def test_every_class_is_held_out_alike(counts: list[int], fraction: float, seed: int) -> None:
    """Each class gives its share, rounded one way or the other; every row is on one side; one of each class is trained on."""
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    train, validation = stratified(y, fraction, seed)
    assert sorted([*train, *validation]) == list(range(len(y)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()
    held = np.bincount(y[validation], minlength=len(counts))
    assert (np.abs(held - np.array(counts) * fraction) < 1 + 1e-9).all()
    assert (held < counts).all()
    assert len(validation) <= held_out(len(y), fraction)


def test_the_seed_decides() -> None:
    """The same seed holds out the same rows, another one others; the number is that of a plain split."""
    y = np.repeat([0, 1, 2], [50, 30, 20])
    first, again, other = (stratified(y, 0.25, seed)[1].tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == 25


def test_a_run_uses_it() -> None:
    """With `stratify` the held-out part has every class in its share, without it the draw decides."""
    data = make(Blobs(points_per_class=10, classes=3))
    plan = Training(validation_fraction=0.3, stratify=True)
    problem = Problem(TrainSpec(model=Softmax(), training=plan), data)
    assert np.bincount(problem.validation[1]).tolist() == [3, 3, 3]
    assert len(problem.train[1]) == 21


def test_a_split_that_holds_out_nothing_is_refused() -> None:
    """Where every class has one example, none can be held out; the field is named."""
    data = make(Blobs(points_per_class=1, classes=10))
    plan = Training(validation_fraction=0.2, stratify=True)
    with pytest.raises(SpecError, match=r"training\.stratify is true, which holds out none of the 10 examples"):
        Problem(TrainSpec(model=Softmax(), training=plan), data)
