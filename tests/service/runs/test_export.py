"""What is exported, loaded elsewhere, answers as predict does."""

import json
import subprocess
import sys
from io import BytesIO
from typing import Any, get_args

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load

from core.data.dataset import Normaliser
from core.evaluate import scores
from core.models import CharRnn, Model, build
from core.spec import ModelSpec, Softmax
from core.types import Array, Floats
from service.runs.export import FORMATS, Format, write
from service.runs.export.contents import Contents
from tests.core.cases import MODELS
from tests.live import ROOT

CLASSIFIERS = {name: spec for name, spec in MODELS.items() if not isinstance(build(spec, 2, 2), CharRnn)}
DTYPES = ("float32", "float64")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5)
LABELS = st.lists(st.integers(-(2**63), 2**63 - 1) | TEXTS, min_size=2, max_size=5, unique=True)
SEEDS = st.integers(0, 2**32 - 1)


def contents_of(model: Model, rng: np.random.Generator, dtype: str, classes: list[Any]) -> tuple[Contents, Floats]:
    """Draw parameters and a normaliser; return them as contents, and theta (P,)."""
    theta = rng.normal(size=model.layout.size).astype(dtype)
    D = model.n_features
    facts = {"run": "run_1", "step": 3, "classes": classes, "features": [f"x{i}" for i in range(D)], "spec": {"kind": "…"}}
    mean, scale = rng.normal(0, 50, D), rng.uniform(0.1, 20, D)
    return Contents(model, model.layout.named(theta), mean, scale, facts), theta


def examples(contents: Contents, rng: np.random.Generator, n: int = 20) -> Floats:
    """Draw examples (n, D) that the normaliser fits, in numbers that float32 has."""
    D = contents.model.n_features
    return (contents.mean + contents.scale * rng.normal(size=(n, D))).astype(np.float32).astype(np.float64)


def predicted(contents: Contents, theta: Floats, X: Floats) -> Floats:
    """Return the scores (N, K) that predict would answer."""
    return scores(contents.model, theta, Normaliser(contents.mean, contents.scale)(X, theta.dtype))


def read_npz(blob: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays and the facts of an NPZ file."""
    with np.load(BytesIO(blob), allow_pickle=False) as file:
        arrays = dict(file)
    return arrays, json.loads(str(arrays.pop("metadata")))


def read_safetensors(blob: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays and the facts of a safetensors file."""
    header = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])
    return load(blob), json.loads(header["__metadata__"]["postgrad"])


READERS = {"npz": read_npz, "safetensors": read_safetensors}


def session(blob: bytes) -> Any:
    """Make the model ready to run; it is valid by ONNX's own check, shapes and types included."""
    onnx.checker.check_model(onnx.load_from_string(blob), full_check=True)
    return onnxruntime.InferenceSession(blob, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("fmt", READERS)
@given(
    seed=SEEDS, D=st.integers(1, 4), spec=st.sampled_from(list(CLASSIFIERS.values())),
    dtype=st.sampled_from(DTYPES), classes=LABELS,
)  # fmt: skip
def test_what_is_loaded_predicts_the_same_bits(
    fmt: Format, seed: int, D: int, spec: ModelSpec, dtype: str, classes: list[Any]
) -> None:
    """Save, load, predict: the scores are those of the model that was saved, bit for bit, and the facts are whole."""
    rng = np.random.default_rng(seed)
    contents, theta = contents_of(build(spec, D, len(classes)), rng, dtype, classes)
    arrays, facts = READERS[fmt](write(contents, fmt))
    assert facts == contents.facts
    loaded = np.full_like(theta, np.nan)
    for name, array in contents.model.layout.named(loaded).items():
        assert arrays[name].dtype == theta.dtype
        array[...] = arrays[name]
    X = examples(contents, rng)
    again = scores(contents.model, loaded, Normaliser(arrays["mean"], arrays["scale"])(X, loaded.dtype))
    np.testing.assert_array_equal(again, predicted(contents, theta, X))


@pytest.mark.parametrize("classes", [["setosa", "versicolor", "Ärger, größter"], [7, -1, 2**40], [1, "two", 3], [1, 2, 2**70]])
def test_an_npz_names_classes_and_features(classes: list[Any]) -> None:
    """Integers stay integers if all are and fit, else all are text; a label is found by the position of its score."""
    contents, _ = contents_of(build(Softmax(), 2, 3), np.random.default_rng(0), "float32", classes)
    arrays, _ = read_npz(write(contents, "npz"))
    fits = all(isinstance(label, int) and label < 2**63 for label in classes)
    assert arrays["classes"].tolist() == (classes if fits else [str(label) for label in classes])
    assert arrays["features"].tolist() == ["x0", "x1"]
    assert arrays["W1"].shape == (2, 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [["a", "b and ü", ""], [8, 3, -1]], ids=["text", "integers"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_onnx_agrees_with_predict(name: str, classes: list[Any], dtype: str) -> None:
    """Features as they came give predict's scores, probabilities and labels to 1e-5, in any number of rows."""
    rng = np.random.default_rng(5)
    contents, theta = contents_of(build(CLASSIFIERS[name], 4, 3), rng, dtype, classes)
    run = session(write(contents, "onnx"))
    for n in (1, 50):
        X = examples(contents, rng, n)
        expected = predicted(contents, theta, X)
        out = dict(zip([o.name for o in run.get_outputs()], run.run(None, {"X": X.astype(np.float32)}), strict=True))
        np.testing.assert_allclose(out["scores"], expected, rtol=1e-5, atol=1e-5)
        assert out["scores"].dtype == np.dtype(dtype)
        assert out["label"].tolist() == [classes[i] for i in expected.argmax(axis=1)]
        assert ("probabilities" in out) == contents.model.probabilistic
        if "probabilities" in out:
            e = np.exp(expected - expected.max(axis=1, keepdims=True))
            np.testing.assert_allclose(out["probabilities"], e / e.sum(axis=1, keepdims=True), atol=1e-5)


def test_onnx_says_what_it_is() -> None:
    """The first input and output are the features and the label; the facts are in the metadata, each as JSON."""
    contents, _ = contents_of(build(Softmax(), 2, 2), np.random.default_rng(0), "float32", ["no", "yes"])
    run = session(write(contents, "onnx"))
    (X,) = run.get_inputs()
    assert (X.name, X.type, X.shape) == ("X", "tensor(float)", ["N", 2])
    assert [o.name for o in run.get_outputs()] == ["label", "scores", "probabilities"]
    told = run.get_modelmeta().custom_metadata_map
    assert {name: json.loads(fact) for name, fact in told.items()} == contents.facts


@pytest.mark.parametrize("dtype", DTYPES)
def test_onnx_reads_text_step_by_step(dtype: str) -> None:
    """A char_rnn's graph is one step: fed with its own memory, it follows the model's reader; streams are apart."""
    rng = np.random.default_rng(6)
    model = CharRnn(n_symbols=5, hidden_size=7, sequence_length=3, reg=0.0)
    contents, theta = contents_of(model, rng, dtype, list("abcd\n"))
    run = session(write(contents, "onnx"))
    h, readers = np.zeros((2, 7), dtype), [model.reader(theta), model.reader(theta)]
    for codes in ([0, 4], [3, 3], [1, 0], [2, 2]):
        h, S, P = run.run(["next_h", "scores", "probabilities"], {"code": np.array(codes), "h": h})
        np.testing.assert_allclose(S, [read(code) for read, code in zip(readers, codes, strict=True)], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("spec", [spec() for spec in get_args(ModelSpec)], ids=lambda spec: spec.kind)
def test_every_model_has_every_format(spec: ModelSpec, fmt: Format) -> None:
    """No kind of model is left out, and equal contents give equal bytes."""
    contents, _ = contents_of(build(spec, 3, 4), np.random.default_rng(7), "float32", ["a", "b", "c", "d"])
    blob = write(contents, fmt)
    assert blob == write(contents, fmt)
    if fmt == "onnx":
        session(blob)
    else:
        arrays, _ = READERS[fmt](blob)
        assert arrays.keys() >= {*contents.parameters, "mean", "scale"}


def test_a_server_loads_onnx_for_onnx_only() -> None:
    """The library is imported by the first export in that format."""
    code = "import sys, service.app; print('onnx' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
