"""Inference requests: JSON, binary tensors behind it, or both."""

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from pydantic_core import from_json

from core.types import Array, Floats
from service.api.openinference.refuse import must, refuse
from service.api.schemas import MAX_ROWS

INPUT = "input"
DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(code)
    for name, code in {
        "FP64": "<f8",
        "FP32": "<f4",
        "FP16": "<f2",
        "INT64": "<i8",
        "INT32": "<i4",
        "INT16": "<i2",
        "INT8": "i1",
        "UINT64": "<u8",
        "UINT32": "<u4",
        "UINT16": "<u2",
        "UINT8": "u1",
        "BOOL": "?",
    }.items()
}
JSON_TYPES: dict[str, set[type]] = {"f": {int, float}, "i": {int}, "u": {int}, "b": {bool}}


@dataclass(frozen=True, slots=True)
class Head:
    """The JSON of a request, and the bytes that follow it."""

    document: dict[str, Any]
    binary: memoryview


def split(body: bytes, header_length: str | None) -> Head:
    """Return JSON and bytes of a body; `header_length` is that of the JSON if bytes follow."""
    length = len(body)
    if header_length is not None:
        if not (header_length.isascii() and header_length.isdecimal() and len(header_length) <= 15):
            raise refuse(f"Inference-Header-Content-Length is {header_length[:50]!r}, must be a number of bytes")
        if int(header_length) > len(body):
            raise refuse(f"Inference-Header-Content-Length is {header_length}, the body has only {len(body)} bytes")
        length = int(header_length)
    try:
        document = from_json(body[:length], allow_inf_nan=False)
    except ValueError as error:
        raise refuse(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise must("the body", document, "an object")
    return Head(document, memoryview(body)[length:])


def parameters_of(thing: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the parameters of a request, an input or an output."""
    parameters = thing.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise must(f"{where}parameters", parameters, "an object")
    if "shared_memory_region" in parameters:
        raise refuse(f"{where}parameters.shared_memory_region: shared memory is not supported")
    return parameters


def rows_of(head: Head, n_features: int) -> Floats:
    """Return the examples (N, D) of the one input, whatever type of number they came as."""
    inputs = head.document.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise must("inputs", inputs, f"a list of one tensor called {INPUT!r}")
    tensor = inputs[0]
    if tensor.get("name") != INPUT:
        raise must("inputs[0].name", tensor.get("name"), repr(INPUT))
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise must("inputs[0].datatype", datatype, f"one of {', '.join(DTYPES)}")
    n = _rows(tensor.get("shape"), n_features)
    size = parameters_of(tensor, "inputs[0].").get("binary_data_size")
    dtype = DTYPES[datatype]
    if size is None:
        if len(head.binary):
            raise refuse(f"{len(head.binary)} bytes follow the JSON, and inputs[0].parameters.binary_data_size is missing")
        values = _from_json(tensor.get("data"), dtype, datatype, (n, n_features))
    else:
        if "data" in tensor:
            raise refuse("inputs[0] has both data and parameters.binary_data_size")
        values = _from_bytes(head.binary, size, dtype, n * n_features)
    X = values.astype(np.float64, copy=False).reshape(n, n_features)
    if not np.isfinite(X).all():
        row = int(np.argmin(np.isfinite(X).all(axis=1)))
        raise refuse(f"row {row} of inputs[0] holds a number that is not finite")
    return X


def _rows(shape: Any, n_features: int) -> int:
    if not isinstance(shape, list) or len(shape) != 2 or type(shape[0]) is not int or type(shape[1]) is not int:
        raise refuse(f"inputs[0].shape is {str(shape)[:100]}, must be [rows, {n_features}]")
    n, d = shape
    if d != n_features:
        raise refuse(f"inputs[0].shape is {str(shape)[:100]}, the model was trained on {n_features} features")
    if not 1 <= n <= MAX_ROWS:
        raise refuse(f"inputs[0].shape[0] is {str(n)[:50]}, must be 1 to {MAX_ROWS:,} rows")
    return int(n)


def _from_bytes(binary: memoryview, size: Any, dtype: np.dtype[Any], count: int) -> Array:
    where = "inputs[0].parameters.binary_data_size"
    if type(size) is not int or size != count * dtype.itemsize:
        raise must(where, size, f"{count * dtype.itemsize}: {count} numbers of {dtype.itemsize} bytes")
    if len(binary) != size:
        raise refuse(f"{where} is {size}, {len(binary)} bytes follow the JSON")
    if dtype.kind != "b":
        return np.frombuffer(binary, dtype)
    values = np.frombuffer(binary, np.uint8)
    if values.max() > 1:
        raise refuse("a byte of inputs[0], which is BOOL, is neither 0 nor 1")
    return values


def _from_json(data: Any, dtype: np.dtype[Any], datatype: str, shape: tuple[int, int]) -> Array:
    n, d = shape
    if not isinstance(data, list):
        raise must("inputs[0].data", data, f"a list of {n * d} numbers")
    if data and isinstance(data[0], list):  # nested: a list for each row
        if len(data) != n or not all(isinstance(row, list) and len(row) == d for row in data):
            raise refuse(f"inputs[0].data is nested, but is not {n} rows of {d} numbers each")
        data = list(chain.from_iterable(data))
    if len(data) != n * d:
        raise must("inputs[0].data", data, f"a list of {n * d} numbers, as its shape says")
    if not set(map(type, data)) <= JSON_TYPES[dtype.kind]:
        bad = next(i for i, value in enumerate(data) if type(value) not in JSON_TYPES[dtype.kind])
        raise must(f"inputs[0].data[{bad}]", data[bad], f"a number of the datatype {datatype}")
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= min(data) <= max(data) <= np.iinfo(dtype).max:
        raise refuse(f"inputs[0].data holds a number that is no {datatype}")
    try:
        values = np.array(data, np.float64)
        if dtype.itemsize == 8:
            return values.astype(dtype, copy=False)
        with np.errstate(over="ignore"):  # what is too large for the type is found as infinite by the caller
            return values.astype(dtype)
    except OverflowError as error:
        raise refuse("inputs[0].data holds a number that is too large") from error


def id_of(head: Head) -> dict[str, str]:
    """Return the id of a request to send back, if it has one."""
    given = head.document.get("id")
    if given is None:
        return {}
    if not isinstance(given, str):
        raise must("id", given, "a text")
    return {"id": given}
