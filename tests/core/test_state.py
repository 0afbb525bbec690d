"""The training state as bytes, and the digest of its weights."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from core.arrays import pack
from core.data.dataset import Normaliser
from core.errors import FormatError
from core.state import TrainState
from core.types import DType
from tests.core.test_arrays import only_format_error

DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def state(n_slots: int = 2, dtype: DType = DTYPES[0], *, carry: bool = True) -> TrainState:
    """Return a state of three parameters, freshly made from the same numbers."""
    rng = np.random.default_rng(0)
    return TrainState(
        step=12,
        logged=10,
        theta=rng.standard_normal(3).astype(dtype),
        slots=rng.standard_normal((n_slots, 3)).astype(dtype),
        normaliser=Normaliser(rng.standard_normal(2), rng.random(2)),
        carry=rng.standard_normal((1, 2)).astype(dtype) if carry else None,
    )


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("n_slots", [0, 1, 2])
@pytest.mark.parametrize("carry", [True, False])
def test_a_state_survives_bytes(n_slots: int, dtype: DType, *, carry: bool) -> None:
    """Every field comes back with dtype, shape and bits, an optimizer without memory and a model without carry included."""
    before = state(n_slots, dtype, carry=carry)
    after = TrainState.from_bytes(before.to_bytes())
    assert (after.step, after.logged) == (12, 10)
    assert (after.theta.dtype, after.slots.shape) == (dtype, (n_slots, 3))
    assert (after.carry is None) is not carry
    assert after.to_bytes() == before.to_bytes()


def test_equal_states_give_equal_bytes() -> None:
    """Two states of the same values cannot be told apart, whatever their arrays' layout in memory."""
    other = state()
    other.slots = np.asfortranarray(other.slots)
    assert other.to_bytes() == state().to_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"step": 13},
        {"logged": 11},
        {"theta": np.zeros(3, np.float32)},
        {"slots": np.zeros((2, 3), np.float32)},
        {"normaliser": Normaliser.identity(2)},
        {"carry": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_is_in_the_bytes(change: dict[str, object]) -> None:
    """Nothing that decides the rest of a run is left out."""
    assert replace(state(), **change).to_bytes() != state().to_bytes()  # type: ignore[arg-type]


def test_a_state_that_was_read_can_be_trained_on() -> None:
    """The arrays that were read may be written to."""
    after = TrainState.from_bytes(state().to_bytes())
    after.theta += 1
    after.slots += 1


def test_a_copy_is_left_alone_by_later_steps() -> None:
    """A copy holds what the state held, whatever is written to the state afterwards."""
    before = state()
    copy = before.copy()
    before.step = 13
    assert before.carry is not None
    before.theta += 1
    before.slots += 1
    before.carry += 1
    assert copy.to_bytes() == state().to_bytes()
    assert state(carry=False).copy().carry is None


def test_every_truncation_is_noticed() -> None:
    """No proper beginning of the bytes can be read."""
    blob = state().to_bytes()
    for end in range(len(blob)):
        with pytest.raises(FormatError):
            TrainState.from_bytes(blob[:end])


def test_a_damaged_byte_is_never_a_crash() -> None:
    """Whatever byte is changed, the bytes can be read or the error is FormatError."""
    rng = np.random.default_rng(1)
    blob = state().to_bytes()
    for _ in range(500):
        damaged = bytearray(blob)
        damaged[rng.integers(len(blob))] ^= rng.integers(1, 256)
        only_format_error(TrainState.from_bytes, bytes(damaged))


@pytest.mark.parametrize("meta", [{}, {"version": 2}, {"version": None}])
def test_another_version_is_refused(meta: dict[str, object]) -> None:
    """A state of another version is not guessed at."""
    with pytest.raises(FormatError, match=r"^the state has version (None|2), this program reads 1$"):
        TrainState.from_bytes(pack(meta, {}))


def test_a_state_without_a_part_is_refused() -> None:
    """The message names the array that is not there."""
    with pytest.raises(FormatError, match=r"^the state lacks 'scale'$"):
        TrainState.from_bytes(pack({"version": 1, "step": 0, "logged": 0}, {"mean": np.zeros(2)}))


def test_the_digest_changes_with_every_bit() -> None:
    """One bit of one weight is enough for another digest."""
    digests = {state().weights_digest}
    for bit in range(8 * state().theta.nbytes):
        changed = state()
        changed.theta.view(np.uint8)[bit // 8] ^= 1 << bit % 8
        digests.add(changed.weights_digest)
    assert len(digests) == 1 + 8 * state().theta.nbytes


def test_the_digest_is_that_of_the_weights_alone() -> None:
    """Step, optimizer memory and byte order in memory do not count."""
    other = state(n_slots=0)
    other.step = 99
    other.theta = other.theta.astype(">f4")
    assert other.weights_digest == state().weights_digest


def test_the_digest_is_a_plain_sha256() -> None:
    """Anyone can check it: the hash of the little-endian bytes, here of 1.0 in float32: 00 00 80 3f."""
    one = replace(state(), theta=np.ones(1, np.float32))
    assert one.weights_digest == "sha256:" + hashlib.sha256(bytes.fromhex("0000803f")).hexdigest()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_state_knows_whether_it_is_finite(bad: float) -> None:
    """One weight that is not a number is enough."""
    spoilt = state()
    spoilt.theta[1] = bad
    assert state().finite
    assert not spoilt.finite
