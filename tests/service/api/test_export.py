"""/v1/runs/{id}/export: files of a trained model."""

import json
from io import BytesIO

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import load

from service.api.export import MEDIA_TYPES
from tests.live import ROOT
from tests.service.api.conftest import Api, Json

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.9, 4.5, 1.5], [7.1, 3.0, 5.9, 2.1]]


@pytest.fixture(scope="module")
def irises(api: Api) -> Json:
    """Train a small net on the irises, standardised."""
    files = {"file": ("iris.csv", (ROOT / "examples/iris.csv").read_bytes())}
    dataset = api.post("/v1/datasets/upload", files=files, data={"label": "species"}).json()["id"]
    body = {
        "dataset": {"kind": "stored", "id": dataset},
        "model": {"kind": "mlp", "hidden_sizes": [8], "init": "he"},
        "training": {"steps": 300, "checkpoint_every": 100, "standardize": True},
    }
    return api.wait(api.post("/v1/runs", json=body).json()["id"], "succeeded")


def export(api: Api, run: Json, **query: str) -> bytes:
    """Export; the answer is 200."""
    answer = api.get(f"/v1/runs/{run['id']}/export", params=query)
    assert answer.status_code == 200, answer.text
    return answer.content


def predict(api: Api, run: Json, checkpoint: str = "latest") -> Json:
    """Predict the rows."""
    return api.post(f"/v1/runs/{run['id']}/predict", json={"inputs": ROWS, "checkpoint": checkpoint}).json()


@pytest.mark.parametrize("fmt", MEDIA_TYPES)
def test_files_have_names_and_types(api: Api, irises: Json, fmt: str) -> None:
    """The answer is an attachment with a name that tells run, step and format, of a media type that the document has."""
    answer = api.get(f"/v1/runs/{irises['id']}/export", params={"format": fmt})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{irises["id"]}-step-300.{fmt}"'
    declared = api.openapi["paths"]["/v1/runs/{run_id}/export"]["get"]["responses"]["200"]
    assert answer.headers["content-type"] in declared["content"]
    assert "application/json" not in declared["content"]
    assert set(declared["content"]) == set(MEDIA_TYPES.values())
    assert export(api, irises, format=fmt) == answer.content


def test_npz_is_the_default(api: Api, irises: Json) -> None:
    """The NPZ predicts what the server predicts, with NumPy alone, and knows where it comes from."""
    with np.load(BytesIO(export(api, irises)), allow_pickle=False) as m:
        hidden = np.maximum(0, ((np.array(ROWS) - m["mean"]) / m["scale"]).astype(m["W1"].dtype) @ m["W1"] + m["b1"])
        scores = hidden @ m["W2"] + m["b2"]
        facts = json.loads(str(m["metadata"]))
        labels = m["classes"][scores.argmax(axis=1)].tolist()
        assert m["features"].tolist() == irises["data"]["features"]
    answer = predict(api, irises)
    np.testing.assert_allclose(scores, answer["scores"], atol=1e-5)
    assert labels == answer["labels"] == ["setosa", "versicolor", "virginica"]
    assert (facts["run"], facts["checkpoint"], facts["step"]) == (irises["id"], answer["checkpoint"], 300)
    assert facts["weights_digest"] == irises["weights_digest"]
    assert facts["spec"]["model"] == irises["model"]


def test_safetensors_has_the_same_arrays(api: Api, irises: Json) -> None:
    """Both files of arrays hold the same numbers."""
    arrays = load(export(api, irises, format="safetensors"))
    with np.load(BytesIO(export(api, irises, format="npz"))) as m:
        assert set(m) - set(arrays) == {"classes", "features", "metadata"}
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, m[name])


@pytest.mark.parametrize("checkpoint", ["latest", "best", "0", "100"])
def test_onnx_answers_as_predict_does(api: Api, irises: Json, checkpoint: str) -> None:
    """Onnxruntime, given the same rows, answers the same labels, scores and probabilities."""
    run = onnxruntime.InferenceSession(export(api, irises, format="onnx", checkpoint=checkpoint))
    label, scores, probabilities = run.run(None, {"X": np.array(ROWS, np.float32)})
    answer = predict(api, irises, checkpoint)
    assert label.tolist() == answer["labels"]
    np.testing.assert_allclose(scores, answer["scores"], atol=1e-5)
    np.testing.assert_allclose(probabilities, answer["probabilities"], atol=1e-5)


@pytest.mark.parametrize("fmt", MEDIA_TYPES)
def test_a_model_of_text(api: Api, fmt: str) -> None:
    """A char_rnn can be taken away in every format, with its symbols."""
    run = api.ended("char_rnn", dataset={"kind": "text", "text": "hello world " * 20}, training={"steps": 5})
    content = export(api, run, format=fmt)
    assert b"Wxh" in content
    if fmt == "npz":
        with np.load(BytesIO(content), allow_pickle=False) as m:
            assert m["classes"].tolist() == run["data"]["classes"]
            assert m["Wxh"].shape[0] == m["Why"].shape[1] == len(m["classes"]) == 8


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ({"format": "pickle"}, 422, "query.format is 'pickle', must be 'npz', 'safetensors' or 'onnx'"),
        ({"format": ""}, 422, "query.format is '', must be 'npz', 'safetensors' or 'onnx'"),
        ({"checkpoint": ""}, 422, "query.checkpoint is '', must have at least 1 character"),
        ({"checkpoint": "newest"}, 404, "there is no checkpoint 'newest'"),
        ({"checkpoint": "101", "format": "onnx"}, 404, "there is no checkpoint '101'"),
    ],
)
def test_bad_questions(api: Api, irises: Json, query: dict[str, str], status: int, detail: str) -> None:
    """What cannot be had is named."""
    answer = api.get(f"/v1/runs/{irises['id']}/export", params=query)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


def test_no_such_run(api: Api) -> None:
    """A run that is not there has no file."""
    assert api.get("/v1/runs/run_0/export").status_code == 404


@pytest.mark.parametrize("fmt", MEDIA_TYPES)
def test_before_the_first_checkpoint(idle: Api, fmt: str) -> None:
    """A run that waits has learned nothing yet: 409."""
    answer = idle.get(f"/v1/runs/{idle.create()}/export", params={"format": fmt})
    assert answer.status_code == 409
    assert answer.json()["detail"].endswith("is queued and has no checkpoint yet")
