"""Predictions as tensors: in JSON, or as bytes behind it, as was asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic_core import to_json

from core.types import Array
from service.api.openinference.refuse import must, refuse
from service.api.openinference.tensors import parameters_of
from service.runs.predict import Prediction, Trained

LABELS, SCORES, PROBABILITIES = "labels", "scores", "probabilities"
ALL = (LABELS, SCORES, PROBABILITIES)
FLOATS = {4: "FP32", 8: "FP64"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output that was asked for: as bytes or in JSON; `top`: instead of the numbers, the names of so many largest."""

    name: str
    binary: bool
    top: int | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """An output that a model has; the first size of its shape is that of the request."""

    name: str
    datatype: str
    shape: tuple[int, ...]


def offered(model: Trained) -> list[Offered]:
    """Return the outputs of a model; an svm has no probabilities."""
    sizes = (-1, len(model.classes))
    found = [Offered(LABELS, "BYTES", (-1,)), Offered(SCORES, FLOATS[model.theta.itemsize], sizes)]
    return [*found, Offered(PROBABILITIES, "FP64", sizes)] if model.model.probabilistic else found


def wanted_of(document: dict[str, Any], model: Trained) -> list[Wanted]:
    """Return what a request asks for: each output once, all of them by default."""
    binary = _flag(parameters_of(document, ""), "binary_data_output", "parameters.", default=False)
    names = ALL if model.model.probabilistic else ALL[:2]
    asked = document.get("outputs")
    if asked is None or asked == []:
        return [Wanted(name, binary) for name in names]
    if not isinstance(asked, list):
        raise must("outputs", asked, "a list of tensors")
    wanted = [_wanted(output, f"outputs[{i}]", names, default=binary) for i, output in enumerate(asked)]
    if len({output.name for output in wanted}) < len(wanted):
        raise refuse("outputs names a tensor twice")
    return wanted


def _wanted(output: Any, where: str, names: tuple[str, ...], *, default: bool) -> Wanted:
    if not isinstance(output, dict) or output.get("name") not in names:
        name = output.get("name") if isinstance(output, dict) else output
        raise must(f"{where}.name", name, f"one of {', '.join(names)}")
    parameters = parameters_of(output, f"{where}.")
    top = parameters.get("classification")
    if top is not None and (type(top) is not int or top < 1 or output["name"] == LABELS):
        raise must(f"{where}.parameters.classification", top, "a number of classes, of scores or probabilities")
    return Wanted(output["name"], _flag(parameters, "binary_data", f"{where}.parameters.", default=default), top)


def _flag(parameters: dict[str, Any], name: str, where: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise must(f"{where}{name}", value, "true or false")
    return value


def encode(known: dict[str, Any], found: Prediction, wanted: list[Wanted]) -> tuple[bytes, int | None]:
    """Return the body of a response, and the length of its JSON if bytes follow; `known` are the members beside `outputs`."""
    outputs, buffers = [], []
    for output in wanted:
        tensor: dict[str, Any] = {"name": output.name}
        values = _values(found, output.name)
        if output.top is not None:
            values = _largest(values, output.top, found.classes)
        if isinstance(values, list):
            values = [str(value) for value in values]
            n = len(found.scores)
            tensor |= {"datatype": "BYTES", "shape": [n] if output.top is None else [n, len(values) // n]}
        else:
            tensor |= {"datatype": FLOATS[values.itemsize], "shape": list(values.shape)}
        if output.binary:
            buffers.append(_bytes_of(values))
            tensor["parameters"] = {"binary_data_size": len(buffers[-1])}
        else:
            tensor["data"] = values if isinstance(values, list) else values.ravel().tolist()
        outputs.append(tensor)
    head = to_json({**known, "outputs": outputs})
    return (b"".join([head, *buffers]), len(head)) if buffers else (head, None)


def _values(found: Prediction, name: str) -> Any:
    return found.labels if name == LABELS else found.scores if name == SCORES else found.probabilities


def _bytes_of(values: Array | list[str]) -> bytes:
    """Return numbers row by row, little-endian; texts each behind its length in 4 bytes."""
    if isinstance(values, list):
        texts = [value.encode() for value in values]
        return b"".join(part for text in texts for part in (len(text).to_bytes(4, "little"), text))
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _largest(values: Array, top: int, classes: list[str | int]) -> list[str]:
    """Return for each row the largest values as `value:index:label`, the largest first."""
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    return [f"{values[i, j]:f}:{j}:{classes[j]}" for i, row in enumerate(order.tolist()) for j in row]
