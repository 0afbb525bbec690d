"""The order of mini-batches: every row once an epoch, and any step on its own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.data.batches import Batches
from core.types import Floats, Ints

SIZES = {"n": st.integers(1, 20), "size": st.integers(1, 20), "seed": st.integers(0, 2**32 - 1)}


def numbered(n: int) -> tuple[Floats, Ints]:
    """Return rows (n, 2) and labels (n,) from which one can tell the row number."""
    return np.column_stack((np.arange(n), -np.arange(n))).astype(np.float32), np.arange(n)


def order(batches: Batches, steps: range) -> list[int]:
    """Return the row numbers that the given steps see."""
    return [int(row) for step in steps for row in batches.at(step)[1]]


@given(**SIZES)
def test_each_epoch_visits_each_row_once(n: int, size: int, seed: int) -> None:
    """An epoch is a permutation of all rows."""
    batches = Batches(*numbered(n), size, seed)
    for epoch in range(3):
        steps = range(epoch * batches.per_epoch, (epoch + 1) * batches.per_epoch)
        assert sorted(order(batches, steps)) == list(range(n))


@given(**SIZES)
def test_only_the_last_batch_of_an_epoch_is_smaller(n: int, size: int, seed: int) -> None:
    """All batches have the size asked for, except the last, which takes what is left."""
    batches = Batches(*numbered(n), size, seed)
    sizes = [len(batches.at(step)[1]) for step in range(batches.per_epoch)]
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    assert sizes[-1] == n - sum(sizes[:-1])


@given(**SIZES)
def test_rows_and_labels_stay_together(n: int, size: int, seed: int) -> None:
    """A batch brings the labels of its rows, in the dtype of the rows."""
    rows, y = Batches(*numbered(n), size, seed).at(1)
    assert np.array_equal(rows, numbered(n)[0][y])
    assert rows.dtype == np.float32


@given(**SIZES, steps=st.lists(st.integers(0, 100), min_size=1, max_size=10))
def test_any_step_can_be_asked_for_at_any_time(n: int, size: int, seed: int, steps: list[int]) -> None:
    """A step asked for out of order, or alone, is the same as in order: this is what makes a run resumable."""
    batches = Batches(*numbered(n), size, seed)
    in_order = [batches.at(step)[1].tolist() for step in range(101)]
    for step in steps:
        assert batches.at(step)[1].tolist() == in_order[step]
        assert Batches(*numbered(n), size, seed).at(step)[1].tolist() == in_order[step]


def test_each_epoch_has_its_own_order() -> None:
    """The rows are shuffled anew in each epoch."""
    batches = Batches(*numbered(50), 10, seed=0)
    assert order(batches, range(5)) != order(batches, range(5, 10))


def test_the_order_depends_on_the_seed_only() -> None:
    """The same seed gives the same order whatever the batch size, another seed another order."""
    first = order(Batches(*numbered(50), 10, seed=0), range(5))
    assert first == order(Batches(*numbered(50), 25, seed=0), range(2))
    assert first != order(Batches(*numbered(50), 10, seed=1), range(5))


def test_a_full_batch_is_all_rows_in_their_own_order() -> None:
    """Without a batch size, or with one of all rows, each step gets everything as it stands."""
    for size in (None, 5):
        batches = Batches(*numbered(5), size, seed=0)
        assert batches.full
        assert batches.per_epoch == 1
        assert order(batches, range(2)) == [0, 1, 2, 3, 4] * 2
