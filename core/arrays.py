"""Named arrays and a few JSON values as bytes, and back: no pickle, every length checked before it is used.

Layout: 8 bytes magic, 8 bytes header length (little-endian), the header as JSON, then the raw little-endian arrays.
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from core.errors import FormatError
from core.types import Array

MAGIC = b"PGARR\x00\x00\x01"
DTYPES = ("<f4", "<f8", "<i8")


def pack(meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Write JSON values and arrays (float32, float64, int64) as bytes; equal input gives equal bytes."""
    parts, entries = [], {}
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<").str
        if dtype not in DTYPES:
            raise FormatError(f"{name} is {array.dtype}, can keep {', '.join(DTYPES)}")
        parts.append(np.ascontiguousarray(array, dtype).tobytes())
        entries[name] = {"dtype": dtype, "shape": list(array.shape)}
    header = json.dumps({"meta": meta, "arrays": entries}, separators=(",", ":"), allow_nan=False).encode()
    return b"".join((MAGIC, len(header).to_bytes(8, "little"), header, *parts))


def unpack(blob: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what `pack` wrote; the arrays are copies that may be written to. Raise FormatError for anything else."""
    try:
        return _unpack(blob)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"not a readable array file: {error}") from error


def _unpack(blob: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    start = 16 + int.from_bytes(blob[8:16], "little")
    if blob[:8] != MAGIC or start > len(blob):
        raise FormatError(f"not an array file: {len(blob)} bytes that begin with {blob[:8]!r}")
    header = json.loads(blob[16:start])
    if not isinstance(header["meta"], dict):
        raise FormatError(f"the meta values are {header['meta']!r}, must be an object")
    arrays = {}
    for name, entry in header["arrays"].items():
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        if dtype not in DTYPES or any(type(n) is not int or n < 0 for n in shape):
            raise FormatError(f"array {name} is declared as {dtype} {shape}")
        end = start + prod(shape) * np.dtype(dtype).itemsize
        if end > len(blob):
            raise FormatError(f"array {name} should end at byte {end}, there are {len(blob)}")
        arrays[name] = np.frombuffer(blob[start:end], dtype).reshape(shape).copy()
        start = end
    if start != len(blob):
        raise FormatError(f"{len(blob) - start} bytes follow the last array")
    return header["meta"], arrays
