"""Named arrays as bytes: what goes in comes out, and nothing but FormatError comes of damaged bytes."""

import ast
import json
import pickle
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.arrays import DTYPES, MAGIC, pack, unpack
from core.errors import FormatError
from core.types import Array

META = {"version": 1, "name": "spiral", "nested": {"list": [1, 2.5, None, True]}}
ARRAYS: dict[str, Array] = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "empty": np.zeros((0, 4)),
    "scalar": np.array(7),
    "vector": np.array([np.nan, np.inf, -0.0, 5e-324]),
}
BLOB = pack(META, ARRAYS)


def assert_same(a: Array, b: Array) -> None:
    """Compare dtype, shape and every bit."""
    assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


def test_what_is_packed_comes_back() -> None:
    """Values, names, order, dtypes, shapes and bits survive, those of arrays without an element included."""
    meta, arrays = unpack(BLOB)
    assert meta == META
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert_same(arrays[name], array)


@given(array=hnp.arrays(st.sampled_from(DTYPES), hnp.array_shapes(min_dims=0, min_side=0, max_side=3)))
def test_any_array_comes_back(array: Array) -> None:
    """Every shape of every dtype that is kept survives bit for bit."""
    assert_same(unpack(pack({}, {"a": array}))[1]["a"], array)


def test_the_layout_in_memory_does_not_matter() -> None:
    """Fortran order, strides and big-endian numbers are written like a plain copy."""
    plain = np.arange(6.0).reshape(2, 3)
    for other in (np.asfortranarray(plain), np.repeat(plain, 2, axis=1)[:, ::2], plain.astype(">f8")):
        assert pack({}, {"a": other}) == pack({}, {"a": plain})


def test_equal_input_gives_equal_bytes() -> None:
    """Packing is a function of its input."""
    assert pack(META, {name: array.copy() for name, array in ARRAYS.items()}) == BLOB


def test_arrays_may_be_written_to() -> None:
    """What is read is a copy of its own."""
    unpack(BLOB)[1]["matrix"][0, 0] = 9
    assert unpack(BLOB)[1]["matrix"][0, 0] == 0


@pytest.mark.parametrize(
    "array", [np.array([value], dtype) for value, dtype in [({}, "O"), ("a", "U1"), (1, "?"), (1, "c8"), (1, "f2"), (1, "i4")]]
)
def test_other_dtypes_are_refused(array: Array) -> None:
    """Only float32, float64 and int64 are kept; objects above all are not."""
    with pytest.raises(FormatError, match=r"^a is .*, can keep <f4, <f8, <i8$"):
        pack({}, {"a": array})


def test_not_a_number_is_no_json() -> None:
    """A value that JSON does not know is refused when it is written, not when it is read."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack({"loss": float("nan")}, {})


def test_every_truncation_is_noticed() -> None:
    """No proper beginning of the bytes can be read, and where an array is cut off its name is told."""
    for end in range(len(BLOB)):
        with pytest.raises(FormatError):
            unpack(BLOB[:end])
    with pytest.raises(FormatError, match=rf"^array vector should end at byte {len(BLOB)}, there are {len(BLOB) - 1}$"):
        unpack(BLOB[:-1])


def test_bytes_after_the_end_are_noticed() -> None:
    """One byte too many is as wrong as one too few."""
    with pytest.raises(FormatError, match=r"^1 bytes follow the last array$"):
        unpack(BLOB + b"\x00")


def test_a_damaged_byte_is_never_a_crash() -> None:
    """Whatever byte is changed, the bytes can be read or the error is FormatError."""
    rng = np.random.default_rng(0)
    for _ in range(500):
        damaged = bytearray(BLOB)
        damaged[rng.integers(len(BLOB))] ^= rng.integers(1, 256)
        only_format_error(unpack, bytes(damaged))


@given(blob=st.binary(max_size=50))
def test_other_bytes_are_never_a_crash(blob: bytes) -> None:
    """Bytes that were not written by `pack` are refused, also behind the right magic and length."""
    only_format_error(unpack, blob)
    only_format_error(unpack, framed(blob))


def only_format_error(read: Callable[[bytes], object], blob: bytes) -> None:
    """Read bytes that may be damaged; no error but FormatError may come out."""
    with suppress(FormatError):
        read(blob)


def framed(header: bytes) -> bytes:
    """Put magic and length before a header."""
    return MAGIC + len(header).to_bytes(8, "little") + header


@pytest.mark.parametrize(("dtype", "shape"), [("|O", "(1,)"), ("<f4", "(-1,)"), ("<f4", "(1.0,)"), ("<f4", "(True,)")])
def test_a_declaration_that_makes_no_sense_is_refused(dtype: str, shape: str) -> None:
    """Dtype and shape are checked before memory is taken; objects above all are not read."""
    header = {"meta": {}, "arrays": {"a": {"dtype": dtype, "shape": ast.literal_eval(shape)}}}
    with pytest.raises(FormatError, match=rf"^array a is declared as {re.escape(f'{dtype} {shape}')}$"):
        unpack(framed(json.dumps(header).encode()) + bytes(8))


@pytest.mark.parametrize(
    "header",
    [
        {"meta": {}, "arrays": {"a": {"dtype": "<f4", "shape": [2**62, 4]}}},
        {"meta": {}, "arrays": {"a": {"dtype": "<f4", "shape": [0, 10**30]}}},
        {"meta": {}, "arrays": {"a": {"dtype": "<f4", "shape": [0] * 100}}},
        {"meta": {}, "arrays": {"a": {"dtype": "<f4", "shape": 0}}},
        {"meta": {}, "arrays": {"a": {"dtype": "<f4"}}},
        {"meta": {}, "arrays": {"a": None}},
        {"meta": {}, "arrays": []},
        {"meta": [], "arrays": {}},
        {"meta": {}},
        {"arrays": {}},
        [],
    ],
)
def test_a_header_that_makes_no_sense_is_refused(header: Any) -> None:
    """A header of another structure, or one with sizes that no array has, is an error like any other."""
    with pytest.raises(FormatError):
        unpack(framed(json.dumps(header).encode()))


def test_a_deeply_nested_header_is_refused() -> None:
    """A header made to exhaust the stack is an error like any other."""
    with pytest.raises(FormatError):
        unpack(framed(b"[" * 100_000))


class Trap:
    """An object which, once unpickled, would have run code."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Ask the unpickler to call `pytest.fail`."""
        return pytest.fail, ("unpickled",)


def test_nothing_is_ever_unpickled() -> None:
    """A pickle is refused, bare or behind the right magic, and the code in it does not run."""
    for blob in (pickle.dumps(Trap()), framed(pickle.dumps(Trap()))):
        with pytest.raises(FormatError):
            unpack(blob)
