"""NPZ: the arrays X (N, D) and y (N,), optionally feature_names (D,) and class_names (K,), as numpy.savez writes them."""

import io
import struct
import zipfile
from math import prod
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from core.data.dataset import LARGEST, Dataset, Label
from core.types import Array
from service.errors import TooLarge, UploadError
from service.runs.uploads.labels import NOT_CLASSES, labelled
from service.runs.uploads.rules import UploadLimits, check_name, check_names, parsing, short

ARRAYS = {  # the kinds of dtype and the shape that each array may have
    "X": ("biuf", ("N", "D"), "numbers"),
    "y": ("biufU", ("N",), "integers or strings"),
    "feature_names": ("U", ("D",), "strings"),
    "class_names": ("U", ("K",), "strings"),
}
MAX_MEMBERS = 16
MAX_DIRECTORY_BYTES = 1 << 16
MAX_HEADER_BYTES = 1 << 14
BYTES_PER_CELL = 8
MAX_EXACT_INTEGER = 2**53


def read_npz(source: BinaryIO, label: str | None, limits: UploadLimits) -> Dataset:
    """Read an NPZ file. y holds classes (integers, strings or whole floats), or with class_names the index 0 … K-1 of each.

    Nothing is unpickled, and nothing is allocated before its size is known and allowed.
    Raise UploadError that names row (counted from 1) and column, and TooLarge.
    """
    if label not in (None, "y"):
        raise UploadError("an NPZ file holds its labels in the array y: do not name another label column", field="label")
    with parsing("NPZ"):
        arrays = _arrays(source, limits)
        X = _finite(arrays["X"], features := _names(arrays, "feature_names", "feature"))
        labels = _labels(arrays["y"], _names(arrays, "class_names", "class"))
    return labelled(X, labels, features, limits)


def _arrays(source: BinaryIO, limits: UploadLimits) -> dict[str, Array]:
    _check_directory(source)
    with zipfile.ZipFile(source) as archive:
        _check_members(archive.infolist())
        found = {name for name in ARRAYS if f"{name}.npy" in archive.namelist()}
        if not {"X", "y"} <= found:
            raise UploadError(
                f"an NPZ file must hold the arrays X and y, this one holds {short(', '.join(archive.namelist()), 150)}"
            )
        _check_shapes({name: _shape(archive, name, limits) for name in sorted(found)}, limits)
        return {name: _load(archive, name) for name in found}


def _check_directory(source: BinaryIO) -> None:
    """Refuse a zip whose directory is long: zipfile makes objects of a kilobyte from entries of 46 bytes.

    Only the simplest end is taken, which numpy.savez writes below 4 GiB: no comment, no zip64 record that overrules it.
    """
    size = source.seek(0, io.SEEK_END)
    source.seek(max(0, size - 42))
    tail = source.read(42).rjust(42, b"\0")
    signature, directory_bytes, comment_bytes = struct.unpack("<4s8xL4xH", tail[20:])
    if signature != b"PK\5\6" or comment_bytes or tail.startswith(b"PK\6\7"):
        raise UploadError("the zip file is cut off, has a comment or is zip64")
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise UploadError(f"the zip file has a directory of {directory_bytes} bytes, at most {MAX_DIRECTORY_BYTES} are read")
    source.seek(0)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    others = [name for name in names if not name.endswith(".npy")]
    if len(others) == len(names):
        raise UploadError("this is a zip file without arrays; if it is an Excel workbook (.xlsx), save it as CSV")
    if others or len(names) > MAX_MEMBERS or len(set(names)) < len(names):
        raise UploadError(f"an NPZ file holds up to {MAX_MEMBERS} different .npy arrays and nothing else")
    for member in members:  # bzip2 and LZMA cannot be unpacked in bounded pieces
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UploadError("the arrays of an NPZ file must be stored or deflated, and not encrypted")


def _shape(archive: zipfile.ZipFile, name: str, limits: UploadLimits) -> tuple[int, ...]:
    """Read the header of an array; compare its type and size with what is allowed and with the zip directory."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        head = io.BytesIO(file.read(MAX_HEADER_BYTES))
    shape, dtype = _header(head, name)
    kinds, letters, what = ARRAYS[name]
    if dtype.kind not in kinds:
        raise UploadError(f"{name} holds {'pickled objects' if dtype.hasobject else short(dtype)}, must hold {what}")
    if len(shape) != len(letters) or min(shape) < 0:
        expected = ", ".join(letters) + "," * (len(letters) == 1)
        raise UploadError(f"{name} has the shape {str(shape)[:80]}, must have ({expected})")
    if name == "X":
        limits.check(*shape)
    size, most = prod(shape) * dtype.itemsize, limits.max_cells * BYTES_PER_CELL
    if size > most or max(shape) > max(limits.max_rows, limits.max_columns):
        raise TooLarge(f"{name} of shape {str(shape)[:80]} is larger than {most} bytes, {BYTES_PER_CELL} for each of max_cells")
    if head.tell() + size != info.file_size:
        raise UploadError(f"{name} of shape {shape} takes {head.tell() + size} bytes, the zip file declares {info.file_size}")
    return shape


def _header(head: BinaryIO, name: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    try:
        readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, _, dtype = readers[npy.read_magic(head)](head)
    except MemoryError as error:  # numpy evaluates the header, and Python's parser says so of deep nesting
        raise UploadError(f"the header of {name} cannot be read") from error
    return shape, dtype


def _check_shapes(shapes: dict[str, tuple[int, ...]], limits: UploadLimits) -> None:
    n, d = shapes["X"]
    for name, expected in (("y", n), ("feature_names", d)):
        if name in shapes and shapes[name] != (expected,):
            raise UploadError(f"{name} has the shape {shapes[name]}, must have ({expected},) as X has {(n, d)}")
    if "class_names" in shapes:
        limits.check_classes(*shapes["class_names"])


def _load(archive: zipfile.ZipFile, name: str) -> Array:
    """Unpack an array whose header is checked; zipfile ends at the declared size, whatever the data goes on to hold."""
    with archive.open(f"{name}.npy") as file:
        array: Array = npy.read_array(file, allow_pickle=False)
    return array


def _names(arrays: dict[str, Array], array: str, what: str) -> tuple[str, ...] | None:
    if array not in arrays:
        return None
    names = tuple(arrays[array].tolist())
    check_names(names, what)
    return names


def _finite(X: Array, features: tuple[str, ...] | None) -> Array:
    """Return X as float64; raise UploadError that names the first cell that is not finite."""
    with np.errstate(over="ignore"):
        X = np.ascontiguousarray(X, np.float64)
    usable = np.abs(X) <= LARGEST  # False for NaN as well
    if not usable.all():
        row, column = np.argwhere(~usable)[0]
        name = features[column] if features else f"x{column + 1}"
        expected = "a finite number" if not np.isfinite(X[row, column]) else f"a number between -{LARGEST:g} and {LARGEST:g}"
        raise UploadError(f"expected {expected}, got {X[row, column]}", row=int(row) + 1, column=name)
    return X


def whole(y: Array, column: str) -> Array:
    """Return labels that are numbers as integers; raise UploadError that names the first that is not whole."""
    if y.dtype.kind == "u" and y.max(initial=0) > MAX_EXACT_INTEGER:
        raise UploadError(f"{NOT_CLASSES}; got {y.max()}", row=int(y.argmax()) + 1, column=column)
    if y.dtype.kind != "f":
        return y.astype(np.int64) if y.dtype.kind in "bu" else y
    good = (np.abs(y) <= MAX_EXACT_INTEGER) & (y == np.floor(y))  # False for nan and inf
    if not good.all():
        row = int(np.argmin(good))
        raise UploadError(f"{NOT_CLASSES}; got {y[row]}", row=row + 1, column=column)
    return y.astype(np.int64)


def _labels(y: Array, names: tuple[str, ...] | None) -> list[Label]:
    labels: list[Label] = whole(y, "y").tolist()
    if names is None:
        for row, label in enumerate(labels, 1):
            if isinstance(label, str):
                check_name(label, "the label", row=row, column="y")
        return labels
    if y.dtype.kind == "U":
        raise UploadError("class_names goes with integers in y, here y holds strings")
    for row, label in enumerate(labels, 1):
        if not 0 <= int(label) < len(names):
            raise UploadError(f"expected an index of class_names, 0 … {len(names) - 1}, got {label}", row=row, column="y")
    return [names[int(label)] for label in labels]
