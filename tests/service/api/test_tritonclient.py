"""The stock client of the Open Inference Protocol, tritonclient.http, unmodified, against a server process."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from tests.live import live_server

X = np.array([[0.5, 0.2], [-0.3, 0.4], [0.0, 0.9]])
CSV = b"""petal_length,petal_width,species
1.4,0.2,setosa
1.3,0.2,setosa
1.5,0.3,setosa
4.7,1.4,versicolor
4.5,1.5,versicolor
4.9,1.5,versicolor
"""


@dataclass
class Served:
    """A server with three models: the spiral as `spiral` (an mlp) and `margins` (an svm), and irises as `iris`."""

    http: httpx.Client
    client: InferenceServerClient
    run: str

    def expected(self, name: str, rows: Any) -> Any:
        """Return what /v1 says about rows."""
        answer = self.http.post(f"/v1/models/{name}/predict", json={"inputs": np.asarray(rows, np.float64).tolist()})
        assert answer.status_code == 200, answer.text
        return answer.json()


def _train(http: httpx.Client, name: str, dataset: Any, model: Any) -> str:
    answer = http.post(
        "/v1/runs", json={"dataset": dataset, "model": model, "training": {"steps": 100, "checkpoint_every": 50}}
    )
    run_id = str(answer.json()["id"])
    while (status := http.get(f"/v1/runs/{run_id}", headers={"Prefer": "wait=10"}).json()["status"]) != "succeeded":
        assert status in ("queued", "running")
    assert http.put(f"/v1/models/{name}/aliases/production", json={"run": run_id}).status_code == 201
    return run_id


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a server, train its models, and connect the stock client."""
    with (
        live_server(tmp_path_factory.mktemp("triton") / "data", POSTGRAD_MAX_BODY_BYTES="1000000") as (url, _),
        httpx.Client(base_url=url, timeout=30) as http,
        InferenceServerClient(url.removeprefix("http://"), concurrency=4) as client,
    ):
        run = _train(http, "spiral", {"kind": "spiral"}, {"kind": "mlp", "hidden_sizes": [20]})
        _train(http, "margins", {"kind": "spiral"}, {"kind": "svm"})
        data = http.post("/v1/datasets/upload", files={"file": ("iris.csv", CSV)}).json()["id"]
        _train(http, "iris", {"kind": "stored", "id": data}, {"kind": "softmax"})
        yield Served(http, client, run)


def test_a_server_with_keys(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The stock client sends a key as a header; without one, and about another's model, it gets the protocol's errors."""
    with (
        live_server(tmp_path_factory.mktemp("triton") / "data") as (url, _),
        httpx.Client(base_url=url, timeout=30) as http,
        InferenceServerClient(url.removeprefix("http://")) as client,
    ):
        keys = {"Authorization": f"Bearer {_key(http, 'admin')}"}
        mine, others = ({"Authorization": f"Bearer {_key(http, 'train', keys)}"} for _ in range(2))
        http.headers.update(mine)
        _train(http, "spiral", {"kind": "spiral"}, {"kind": "softmax"})
        assert client.infer("spiral", [tensor(X)], headers=mine).as_numpy("labels").shape == (3,)
        assert client.is_model_ready("spiral", headers=keys)
        assert not client.is_server_live()
        for headers, status in ((None, "401"), ({"Authorization": "Bearer pg_none"}, "401"), (others, "404")):
            with pytest.raises(InferenceServerException) as caught:
                client.infer("spiral", [tensor(X)], headers=headers)
            assert caught.value.status() == status


def _key(http: httpx.Client, scope: str, headers: dict[str, str] | None = None) -> str:
    answer = http.post("/v1/api-keys", json={"name": scope, "scopes": [scope]}, headers=headers)
    return str(answer.json()["secret"])


def tensor(values: Any, datatype: str = "FP64", *, binary: bool = True) -> InferInput:
    """Make the input of a request."""
    values = np.asarray(values)
    made = InferInput("input", list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def output(name: str, *, binary: bool = True, classes: int = 0) -> InferRequestedOutput:
    """Ask for an output."""
    return InferRequestedOutput(name, binary_data=binary, class_count=classes)


class TestAbout:
    """Health, metadata, configuration, index."""

    def test_health(self, served: Served) -> None:
        """The server lives and is ready, and so are its models."""
        assert served.client.is_server_live()
        assert served.client.is_server_ready()
        assert served.client.is_model_ready("spiral")
        assert served.client.is_model_ready("spiral", "1")
        assert served.client.is_model_ready(served.run)
        assert not served.client.is_model_ready("spiral", "2")
        assert not served.client.is_model_ready("nobody")

    def test_server_metadata(self, served: Served) -> None:
        """The server names itself and what it can do beyond the protocol."""
        about = served.client.get_server_metadata()
        assert about["name"] == "postgrad"
        assert {"binary_tensor_data", "statistics", "model_repository"} <= set(about["extensions"])

    def test_model_metadata(self, served: Served) -> None:
        """A model has one input, and probabilities if it has any."""
        about = served.client.get_model_metadata("spiral")
        assert (about["name"], about["versions"]) == ("spiral", ["1"])
        assert about["inputs"] == [{"name": "input", "datatype": "FP64", "shape": [-1, 2]}]
        assert about["outputs"] == [
            {"name": "labels", "datatype": "BYTES", "shape": [-1]},
            {"name": "scores", "datatype": "FP32", "shape": [-1, 3]},
            {"name": "probabilities", "datatype": "FP64", "shape": [-1, 3]},
        ]
        assert [out["name"] for out in served.client.get_model_metadata("margins")["outputs"]] == ["labels", "scores"]
        assert served.client.get_model_metadata(served.run)["versions"] == ["0", "50", "100"]

    def test_model_config(self, served: Served) -> None:
        """The configuration has the same tensors in Triton's words."""
        config = served.client.get_model_config("spiral", "1")
        assert (config["name"], config["max_batch_size"]) == ("spiral", 0)
        assert config["input"] == [{"name": "input", "data_type": "TYPE_FP64", "dims": [-1, 2]}]
        assert [out["data_type"] for out in config["output"]] == ["TYPE_STRING", "TYPE_FP32", "TYPE_FP64"]

    def test_repository_index(self, served: Served) -> None:
        """The index names each version of each model; the client sends no body."""
        lines = served.client.get_model_repository_index()
        assert lines == [
            {"name": name, "version": "1", "state": "READY", "reason": ""} for name in ("iris", "margins", "spiral")
        ]


class TestInfer:
    """Inference, in all the ways that the client has."""

    @pytest.mark.parametrize("binary_in", [True, False], ids=["binary", "json"])
    @pytest.mark.parametrize("binary_out", [True, False, None], ids=["to binary", "to json", "by default"])
    def test_binary_json_and_mixed(self, served: Served, *, binary_in: bool, binary_out: bool | None) -> None:
        """Whatever goes in and comes out, the numbers are those of /v1, bit for bit."""
        names = ("labels", "scores", "probabilities")
        outputs = None if binary_out is None else [output(name, binary=binary_out) for name in names]
        result = served.client.infer("spiral", [tensor(X, binary=binary_in)], outputs=outputs, request_id="some id")
        expected = served.expected("spiral", X)
        assert result.as_numpy("scores").tolist() == expected["scores"]
        assert result.as_numpy("scores").dtype == np.float32
        assert result.as_numpy("probabilities").tolist() == expected["probabilities"]
        labels = [label.decode() if isinstance(label, bytes) else label for label in result.as_numpy("labels")]
        assert labels == [str(label) for label in expected["labels"]]
        response = result.get_response()
        assert (response["model_name"], response["model_version"], response["id"]) == ("spiral", "1", "some id")

    def test_outputs_can_be_mixed(self, served: Served) -> None:
        """Each output comes as it was asked for, in the order that it was asked for."""
        outputs = [output("probabilities", binary=False), output("labels"), output("scores", binary=False)]
        result = served.client.infer("spiral", [tensor(X)], outputs=outputs)
        assert [out["name"] for out in result.get_response()["outputs"]] == ["probabilities", "labels", "scores"]
        assert ["data" in out for out in result.get_response()["outputs"]] == [True, False, True]
        assert result.as_numpy("probabilities").tolist() == served.expected("spiral", X)["probabilities"]
        assert result.as_numpy("labels").shape == (3,)

    @pytest.mark.parametrize(
        ("datatype", "dtype"),
        [
            ("FP64", np.float64),
            ("FP32", np.float32),
            ("FP16", np.float16),
            ("INT64", np.int64),
            ("INT32", np.int32),
            ("INT8", np.int8),
            ("UINT8", np.uint8),
            ("UINT64", np.uint64),
            ("BOOL", np.bool_),
        ],
    )
    @pytest.mark.parametrize("binary", [True, False])
    def test_numbers_of_any_type(self, served: Served, datatype: str, dtype: type, *, binary: bool) -> None:
        """Each type of number is taken for what it is: the answer is that for the same numbers as float64."""
        if datatype == "FP16" and not binary:
            rows = X.astype(np.float16).astype(np.float64)  # the client writes FP16 in binary only
            made = InferInput("input", [3, 2], "FP64")
            made.set_data_from_numpy(rows, binary_data=False)
        else:
            rows = X.astype(dtype) if datatype.startswith("FP") else np.array([[1, 0], [0, 1], [1, 1]], dtype)
            made = tensor(rows, datatype, binary=binary)
        result = served.client.infer("spiral", [made], outputs=[output("scores")])
        assert result.as_numpy("scores").tolist() == served.expected("spiral", rows)["scores"]

    def test_names_of_classes_are_bytes(self, served: Served) -> None:
        """Labels are the dataset's words."""
        rows = [[1.4, 0.2], [4.8, 1.5]]
        for binary in (True, False):
            labels = served.client.infer("iris", [tensor(rows)], outputs=[output("labels", binary=binary)]).as_numpy("labels")
            words = [label.decode() if isinstance(label, bytes) else label for label in labels]
            assert words == served.expected("iris", rows)["labels"] == ["setosa", "versicolor"]

    def test_classification(self, served: Served) -> None:
        """The largest probabilities come as value, index and label."""
        result = served.client.infer("iris", [tensor([[1.4, 0.2]])], outputs=[output("probabilities", classes=2)])
        value, index, label = result.as_numpy("probabilities")[0, 0].decode().split(":")
        assert float(value) == pytest.approx(max(served.expected("iris", [[1.4, 0.2]])["probabilities"][0]), abs=1e-6)
        assert (index, label) == ("0", "setosa")
        assert result.as_numpy("probabilities").shape == (1, 2)

    def test_a_run_is_a_model_too(self, served: Served) -> None:
        """A run answers by its id with its latest checkpoint, or with that of a step."""
        scores = served.client.infer(served.run, [tensor(X)]).as_numpy("scores")
        assert scores.tolist() == served.expected("spiral", X)["scores"]
        early = served.client.infer(served.run, [tensor(X)], model_version="50")
        assert early.get_response()["model_version"] == "50"
        answer = served.http.post(f"/v1/runs/{served.run}/predict", json={"inputs": X.tolist(), "checkpoint": "50"})
        assert early.as_numpy("scores").tolist() == answer.json()["scores"]

    @pytest.mark.parametrize("compression", ["gzip", "deflate"])
    def test_compressed_requests(self, served: Served, compression: str) -> None:
        """The client may compress what it sends, and ask for compressed answers; plain ones are an answer to that."""
        result = served.client.infer(
            "spiral",
            [tensor(X)],
            request_compression_algorithm=compression,
            response_compression_algorithm=compression,
            parameters={"note": "of our own"},
            priority=1,
            timeout=1000,
            sequence_id=7,
        )
        assert result.as_numpy("scores").tolist() == served.expected("spiral", X)["scores"]

    def test_async_infer(self, served: Served) -> None:
        """Several requests at once."""
        rows = [np.random.default_rng(seed).normal(size=(5, 2)) for seed in range(20)]
        waiting = [served.client.async_infer("spiral", [tensor(each)]) for each in rows]
        for each, asked in zip(rows, waiting, strict=True):
            assert asked.get_result().as_numpy("scores").tolist() == served.expected("spiral", each)["scores"]

    def test_many_rows(self, served: Served) -> None:
        """A request of some size is worked on in a thread, and says the same."""
        rows = np.random.default_rng(0).normal(size=(20_000, 2))
        scores = served.client.infer("spiral", [tensor(rows)], outputs=[output("scores")]).as_numpy("scores")
        assert scores.tolist() == served.expected("spiral", rows)["scores"]


class TestErrors:
    """What is refused comes as the client's own exception, with status and sentence."""

    def test_unknown_model_and_version(self, served: Served) -> None:
        """404, with the name."""
        calls: list[Callable[[], Any]] = [
            lambda: served.client.infer("nobody", [tensor(X)]),
            lambda: served.client.get_model_metadata("nobody"),
            lambda: served.client.get_model_config("nobody"),
            lambda: served.client.get_inference_statistics("nobody"),
        ]
        for call in calls:
            with pytest.raises(InferenceServerException, match="there is no model 'nobody'") as caught:
                call()
            assert caught.value.status() == "404"
        with pytest.raises(InferenceServerException, match="there is no version of the model spiral '9'"):
            served.client.infer("spiral", [tensor(X)], model_version="9")

    @pytest.mark.parametrize(
        ("inputs", "message"),
        [
            ([tensor(np.ones((2, 3)))], "trained on 2 features"),
            ([tensor(np.ones(2))], r"must be \[rows, 2\]"),
            ([tensor(np.ones((0, 2)))], "must be 1 to"),
            ([tensor(np.array([["a", "b"]], object), "BYTES")], "must be one of FP64"),
            ([tensor(np.full((1, 2), np.nan))], "row 0 .* not finite"),
            ([tensor(X), tensor(X)], "a list of one tensor"),
            ([tensor(np.full((1, 2), 1e300))], "too large for this model"),
        ],
    )
    def test_bad_inputs(self, served: Served, inputs: list[InferInput], message: str) -> None:
        """400, and what is wrong."""
        with pytest.raises(InferenceServerException, match=message) as caught:
            served.client.infer("spiral", inputs)
        assert caught.value.status() == "400"

    def test_bad_outputs(self, served: Served) -> None:
        """An output that is not there is named."""
        with pytest.raises(InferenceServerException, match=r"must be one of labels, scores$"):
            served.client.infer("margins", [tensor(X)], outputs=[output("probabilities")])

    def test_a_body_over_the_limit(self, served: Served) -> None:
        """413, and the setting that says so."""
        with pytest.raises(InferenceServerException, match="POSTGRAD_MAX_BODY_BYTES") as caught:
            served.client.infer("spiral", [tensor(np.zeros((70_000, 2)))])
        assert caught.value.status() == "413"
        assert served.client.is_server_live()

    def test_what_is_not_offered(self, served: Served) -> None:
        """Loading and unloading, traces and shared memory are not there, and say so."""
        calls: list[Callable[[], Any]] = [
            lambda: served.client.load_model("spiral"),
            lambda: served.client.unload_model("spiral"),
            lambda: served.client.get_trace_settings("spiral"),
            served.client.get_system_shared_memory_status,
        ]
        for call in calls:
            with pytest.raises(InferenceServerException, match="there is no route"):
                call()


class TestStatistics:
    """GET /v2/models/…/stats."""

    def test_counts_requests_and_rows(self, served: Served) -> None:
        """Each success, each failure and each row is counted, with the time that it took."""

        def margins() -> Any:
            (found,) = served.client.get_inference_statistics("margins")["model_stats"]
            return found

        before = margins()
        for _ in range(3):
            served.client.infer("margins", [tensor(X)])
        with pytest.raises(InferenceServerException):
            served.client.infer("margins", [tensor(np.ones((2, 3)))])
        after = margins()
        assert (after["name"], after["version"]) == ("margins", "1")
        assert after["inference_count"] - before["inference_count"] == 9
        assert after["execution_count"] - before["execution_count"] == 3
        counted = {
            key: after["inference_stats"][key]["count"] - before["inference_stats"][key]["count"] for key in ("success", "fail")
        }
        assert counted == {"success": 3, "fail": 1}
        assert after["inference_stats"]["compute_infer"]["ns"] > before["inference_stats"]["compute_infer"]["ns"]
        assert abs(after["last_inference"] / 1000 - time.time()) < 60
        assert [size["batch_size"] for size in after["batch_stats"]] == [3]

    def test_of_all_models(self, served: Served) -> None:
        """Without a name, every model that was asked is told of."""
        served.client.infer("spiral", [tensor(X)])
        told = served.client.get_inference_statistics()["model_stats"]
        assert "spiral" in {each["name"] for each in told}
        assert (
            served.client.get_inference_statistics("spiral", "1")["model_stats"][0]["inference_stats"]["success"]["count"] >= 1
        )
