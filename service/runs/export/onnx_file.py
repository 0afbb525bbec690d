"""ONNX: the whole way from features as they came to labels, in operators that every runtime has.

A classifier reads `X` (N, D) float32 and gives `label` (N,), `scores` (N, K) and, unless it is an svm, `probabilities`.
A char_rnn reads one symbol in each of N streams, `code` (N,) int64, with its memory `h` (N, H), and gives `next_h`,
`scores` (N, V) of the symbol that follows, and `probabilities`. `metadata_props` has the facts, each as JSON.
"""

import json
from importlib.metadata import version

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto
from onnx.helper import (
    make_graph,
    make_model,
    make_node,
    make_opsetid,
    make_tensor_value_info,
    np_dtype_to_tensor_dtype,
    set_model_props,
)
from onnx.numpy_helper import from_array

from core.models import CharRnn, Linear, Mlp
from service.runs.export.contents import Contents

OPSET, IR_VERSION = 17, 8  # of 2022: read by every onnxruntime since 1.12


def write(contents: Contents) -> bytes:
    """Write the model."""
    match contents.model:
        case Linear():
            graph = _classifier(contents, [])
        case Mlp(hidden_sizes=hidden, activation=activation):
            graph = _classifier(contents, [activation.capitalize()] * len(hidden))
        case CharRnn(hidden_size=H):
            graph = _reader(contents, H)
        case other:
            raise TypeError(f"no ONNX graph is written for a {type(other).__name__}")
    model = make_model(
        graph,
        opset_imports=[make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="postgrad",
        producer_version=version("postgrad"),
    )
    set_model_props(model, {name: json.dumps(fact) for name, fact in contents.facts.items()})
    return bytes(model.SerializeToString(deterministic=True))


def _classifier(contents: Contents, activations: list[str]) -> GraphProto:
    """(X - mean) / scale in float64, as `Normaliser` does it; then the layers in the precision of the parameters."""
    dtype = _dtype(contents)
    nodes = [
        make_node("Cast", ["X"], ["wide"], to=TensorProto.DOUBLE),
        make_node("Sub", ["wide", "mean"], ["shifted"]),
        make_node("Div", ["shifted", "scale"], ["scaled"]),
        make_node("Cast", ["scaled"], ["H0"], to=dtype),
    ]
    for i, activation in enumerate(activations, start=1):
        nodes.append(make_node("Gemm", [f"H{i - 1}", f"W{i}", f"b{i}"], [f"O{i}"]))
        nodes.append(make_node(activation, [f"O{i}"], [f"H{i}"]))
    last = len(activations)
    nodes += [
        make_node("Gemm", [f"H{last}", f"W{last + 1}", f"b{last + 1}"], ["scores"]),
        make_node("ArgMax", ["scores"], ["index"], axis=1, keepdims=0),
        make_node("Gather", ["classes", "index"], ["label"]),
    ]
    labels = contents.labels
    kind = TensorProto.INT64 if isinstance(labels[0], int) else TensorProto.STRING
    names = from_array(np.array(labels, np.int64 if kind == TensorProto.INT64 else object), "classes")
    X = make_tensor_value_info("X", TensorProto.FLOAT, ["N", contents.model.n_features])
    label = make_tensor_value_info("label", kind, ["N"])
    return _graph(contents, nodes, [X], [label], [*_tensors(contents), names])


def _reader(contents: Contents, H: int) -> GraphProto:
    """One step: h' = tanh(Wxh[code] + h Whh + bh), scores = h' Why + by."""
    nodes = [
        make_node("Gather", ["Wxh", "code"], ["read"]),
        make_node("Gemm", ["h", "Whh", "bh"], ["remembered"]),
        make_node("Add", ["read", "remembered"], ["O"]),
        make_node("Tanh", ["O"], ["next_h"]),
        make_node("Gemm", ["next_h", "Why", "by"], ["scores"]),
    ]
    code = make_tensor_value_info("code", TensorProto.INT64, ["N"])
    h, next_h = (make_tensor_value_info(name, _dtype(contents), ["N", H]) for name in ("h", "next_h"))
    tensors = [tensor for tensor in _tensors(contents) if tensor.name in contents.parameters]
    return _graph(contents, nodes, [code, h], [next_h], tensors)


def _graph(
    contents: Contents,
    nodes: list[NodeProto],
    inputs: list[ValueInfoProto],
    outputs: list[ValueInfoProto],
    tensors: list[TensorProto],
) -> GraphProto:
    """Add what both kinds end with: `scores` and, where they mean something, `probabilities`."""
    ends = ["scores"]
    if contents.model.probabilistic:
        nodes.append(make_node("Softmax", ["scores"], ["probabilities"], axis=1))
        ends.append("probabilities")
    K = contents.model.n_classes
    outputs += [make_tensor_value_info(name, _dtype(contents), ["N", K]) for name in ends]
    return make_graph(nodes, str(contents.facts["run"]), inputs, outputs, tensors)


def _tensors(contents: Contents) -> list[TensorProto]:
    return [from_array(array, name) for name, array in contents.arrays.items()]


def _dtype(contents: Contents) -> int:
    return np_dtype_to_tensor_dtype(next(iter(contents.parameters.values())).dtype)
