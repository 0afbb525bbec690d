"""The real MlflowClient, unmodified, in an environment of its own, against a live server."""

import json
import math
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.types import Point
from service.store import events, metrics
from tests.live import ROOT, live_server
from tests.service.api.conftest import Api, serving
from tests.tour import steps, walk

PYTHON = ROOT / ".venv-mlflow/bin/python"
CLIENTS = ROOT / "docs/clients.md"
KINDS = {7: math.nan, 5000: math.inf, 9999: -math.inf}

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run a server with one worker."""
    with serving(tmp_path_factory.mktemp("mlflow"), workers=1, commit_interval_seconds=0.05) as client:
        yield client


@pytest.fixture(scope="module")
def ask(api: Api) -> Iterator[Ask]:
    """Call methods of one MlflowClient; an error comes back as its code, message and status."""
    with connected(api) as call:
        yield call


@contextmanager
def connected(api: Api, **variables: str) -> Iterator[Ask]:
    """Run one MlflowClient, with variables of its own in its environment."""
    assert PYTHON.exists(), "the client is not installed: run make test once"
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    command = [str(PYTHON), str(ROOT / "tests/clients/mlflow_client.py"), str(api.base_url)]
    env = {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", **variables}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdin
        assert process.stdout

        def call(method: str, **arguments: Any) -> Any:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps([method, arguments]) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            return answer.get("result", answer if "error" in answer else None)

        yield call
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.fixture(scope="module")
def run(api: Api) -> Any:
    """Train a small network."""
    tags = {"course": "cs231n", "it's": "a `tag`"}
    training = {"steps": 200, "validation_fraction": 0.2}
    return api.ended("mlp", name="two layers", tags=tags, training=training, optimizer={"kind": "sgd", "learning_rate": 0.5})


@pytest.fixture(scope="module")
def long_run(api: Api, run: Any) -> str:  # noqa: ARG001 (it is trained before the workers go)
    """Store a run with 10,000 points of a series, three of them not finite."""
    api.app.state.parts.dispatcher.stop()
    run_id = api.create("mlp", name="long")
    points = [Point(step, {"loss": KINDS.get(step, 1 / (1 + step))}) for step in range(10_000)]
    interval = {"from_step": 0, "to_step": 9999, "points": 10_000, "last": {}}

    def store(db: Any) -> None:
        metrics.append(db, run_id, points)
        events.append(db, run_id, [("metrics", interval)])

    api.app.state.parts.database.write(store)
    return run_id


def test_get_run(ask: Ask, run: Any) -> None:
    """A run has status, times, metrics, params and tags as MLflow shows them."""
    shown = ask("get_run", run_id=run["id"])
    info, data = shown["info"], shown["data"]
    assert (info["run_id"], info["run_name"], info["experiment_id"]) == (run["id"], "two layers", "0")
    assert (info["status"], info["lifecycle_stage"]) == ("FINISHED", "active")
    assert 0 < info["start_time"] <= info["end_time"]
    assert data["metrics"] == {name: series["last"] for name, series in run["metrics"].items()}
    assert data["params"]["model.kind"] == "mlp"
    assert data["params"]["model.hidden_sizes"] == "[100]"
    assert data["params"]["optimizer.learning_rate"] == "0.5"
    assert data["params"]["dataset.kind"] == "spiral"
    assert "training.batch_size" not in data["params"]
    assert data["tags"] == {**run["tags"], "mlflow.runName": "two layers"}


def test_every_status(ask: Ask, api: Api, run: Any, long_run: str) -> None:
    """Each status has MLflow's word, in a run and in a filter."""
    cancelled = api.create()
    api.post(f"/v1/runs/{cancelled}/cancel")
    for run_id, word in ((run["id"], "FINISHED"), (long_run, "SCHEDULED"), (cancelled, "KILLED")):
        assert ask("get_run", run_id=run_id)["info"]["status"] == word
        found = ask("search_runs", experiment_ids=["0"], filter_string=f"attributes.status = '{word}'")["items"]
        assert run_id in [one["info"]["run_id"] for one in found]
        assert {one["info"]["status"] for one in found} == {word}


def test_metric_history(ask: Ask, api: Api, run: Any) -> None:
    """The history of a metric has every point of ours, with its step, and times that do not go back."""
    ours = api.get(f"/v1/runs/{run['id']}/loss-history").json()
    points = ask("get_metric_history", run_id=run["id"], key="val_loss")["items"]
    assert [point["step"] for point in points] == ours["steps"]
    assert [point["value"] for point in points] == ours["series"]["val_loss"]
    times = [point["timestamp"] for point in points]
    assert all(earlier <= later for earlier, later in pairwise(times))
    info = ask("get_run", run_id=run["id"])["info"]
    assert info["start_time"] <= times[0] <= times[-1] <= info["end_time"]
    assert ask("get_metric_history", run_id=run["id"], key="nothing")["items"] == []


def test_long_history_with_values_that_are_not_finite(ask: Ask, long_run: str) -> None:
    """Ten thousand points come whole, NaN and both infinities among them."""
    points = ask("get_metric_history", run_id=long_run, key="loss")["items"]
    assert [point["step"] for point in points] == list(range(10_000))
    for step, point in enumerate(points):
        expected = KINDS.get(step, 1 / (1 + step))
        assert point["value"] == expected or (math.isnan(point["value"]) and math.isnan(expected))
    assert ask("get_run", run_id=long_run)["data"]["metrics"] == {"loss": -math.inf}


def test_search_runs(ask: Ask, api: Api, run: Any, long_run: str) -> None:
    """MLflow's filters, orders and pages find our runs."""
    others = [api.create(name=f"queued {number}", tags={"set": "pages"}) for number in range(5)]

    def search(text: str, **more: Any) -> list[str]:
        found = ask("search_runs", experiment_ids=["0"], filter_string=text, **more)["items"]
        return [one["info"]["run_id"] for one in found]

    assert search("metrics.val_accuracy > 0.1 and params.`model.kind` = 'mlp'") == [run["id"]]
    assert search("tags.mlflow.runName = 'two layers' AND tags.\"it's\" = 'a `tag`'") == [run["id"]]
    assert search(f"attributes.run_id IN ('{long_run}', '{run['id']}')", order_by=["start_time ASC"]) == [run["id"], long_run]
    start = ask("get_run", run_id=run["id"])["info"]["start_time"]
    assert search(f"start_time <= {start} and start_time >= {start}") == [run["id"]]
    assert search("name ILIKE 'QUEUED%'", order_by=["attributes.run_name DESC"]) == others[::-1]
    assert search("metrics.loss > 0", run_view_type=2) == []  # deleted ones only
    ordered = search("", order_by=["metrics.loss DESC", "attribute.`run name`"])
    assert ordered[0] == run["id"]
    walked: list[str] = []
    token = None
    while True:
        page = ask("search_runs", experiment_ids=["0"], filter_string="tags.set = 'pages'", order_by=["metrics.loss", "name"],
                   max_results=2, page_token=token)  # fmt: skip
        walked += [one["info"]["run_id"] for one in page["items"]]
        token = page["token"]
        if token is None:
            break
    assert walked == others


def test_experiments(ask: Ask) -> None:
    """There is one experiment; any other is not there in the way that the client expects."""
    (experiment,) = ask("search_experiments")["items"]
    assert (experiment["experiment_id"], experiment["name"]) == ("0", "postgrad")
    assert ask("get_experiment", experiment_id="0") == ask("get_experiment_by_name", name="postgrad") == experiment
    assert ask("get_experiment_by_name", name="Default") is None
    assert ask("get_experiment", experiment_id="7")["error"] == "RESOURCE_DOES_NOT_EXIST"
    assert ask("search_runs", experiment_ids=["7"])["items"] == []
    assert "this server has one experiment" in ask("search_experiments", filter_string="name = 'postgrad'")["message"]


def test_artifacts(ask: Ask, api: Api, run: Any, tmp_path: Path) -> None:
    """The models of a run and its loss history are listed and downloaded, one or all, and what was downloaded loads."""
    assert [(f["path"], f["is_dir"]) for f in ask("list_artifacts", run_id=run["id"])] == [
        ("best", True),
        ("latest", True),
        ("loss-history.json", False),
    ]
    models = ["best/model.npz", "best/model.onnx", "best/model.safetensors"]
    assert [f["path"] for f in ask("list_artifacts", run_id=run["id"], path="best")] == models
    assert ask("list_artifacts", run_id=run["id"], path="best/model.npz") == []
    one = ask("download_artifacts", run_id=run["id"], path="latest/model.npz", dst_path=str(tmp_path))
    with np.load(one) as file:
        assert file["W1"].shape == (2, 100)
        assert json.loads(str(file["metadata"]))["run"] == run["id"]
    whole = tmp_path / "whole"
    whole.mkdir()
    ask("download_artifacts", run_id=run["id"], path="", dst_path=str(whole))
    files = {str(file.relative_to(whole)): file.read_bytes() for file in whole.rglob("*") if file.is_file()}
    assert len(files) == 7
    for fmt in ("npz", "safetensors", "onnx"):
        ours = api.get(f"/v1/runs/{run['id']}/export", params={"format": fmt, "checkpoint": "best"}).content
        assert files[f"best/model.{fmt}"] == ours
    assert json.loads(files["loss-history.json"]) == api.get(f"/v1/runs/{run['id']}/loss-history").json()


def test_a_run_without_a_checkpoint_has_no_model(ask: Ask, long_run: str, tmp_path: Path) -> None:
    """Of a run that has not begun there is nothing but its curve."""
    assert [f["path"] for f in ask("list_artifacts", run_id=long_run)] == ["loss-history.json"]
    missing = ask("download_artifacts", run_id=long_run, path="latest/model.npz", dst_path=str(tmp_path))
    assert missing["error"] == "RESOURCE_DOES_NOT_EXIST"


def test_the_example_of_the_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/clients.md shows does what it says, on a server that has nothing but what the page itself makes."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    page = CLIENTS.read_text()
    told = page.partition("\n## ")[0] + page.partition("\n## mlflow\n")[2]
    blocks = list(steps(re.sub(r"<!-- not run: .* -->\n", "", told)))
    assert [bool(printed) for _, printed in blocks] == [False, True, True]
    with live_server(tmp_path / "data") as (url, _):
        walk([(code.replace(".venv", ".venv-mlflow"), printed) for code, printed in blocks], url, tmp_path)


BAD: list[tuple[str, dict[str, Any], str, int, str]] = [
    ("get_run", {"run_id": "run_0000"}, "RESOURCE_DOES_NOT_EXIST", 404, "there is no run 'run_0000'"),
    ("get_run", {"run_id": "8a1f"}, "RESOURCE_DOES_NOT_EXIST", 404, "there is no run '8a1f'"),
    ("get_metric_history", {"run_id": "run_0", "key": "loss"}, "RESOURCE_DOES_NOT_EXIST", 404, "there is no run 'run_0'"),
    ("search_runs", {"experiment_ids": ["0"], "filter_string": "metrics.loss <"}, "INVALID_PARAMETER_VALUE", 400,
     "filter, at character 15: expected a number for metrics.loss, got the end"),
    ("search_runs", {"experiment_ids": ["0"], "filter_string": "status = 'succeeded'"}, "INVALID_PARAMETER_VALUE", 400,
     "expected a status, one of SCHEDULED, RUNNING, FINISHED, FAILED, KILLED, got 'succeeded'"),
    ("search_runs", {"experiment_ids": ["0"], "order_by": ["metrics.acc"]}, "INVALID_PARAMETER_VALUE", 400,
     "order_by, at character 1: expected a series, one of loss"),
    ("search_runs", {"experiment_ids": ["0"], "page_token": "b2Zmc2V0"}, "INVALID_PARAMETER_VALUE", 400, "page_token is not"),
    ("search_runs", {"experiment_ids": ["0"], "max_results": 50_001}, "INVALID_PARAMETER_VALUE", 400,
     "max_results is 50001, must be at most 50000"),
    ("create_run", {"experiment_id": "0"}, "NOT_IMPLEMENTED", 501, "read-only, it has no POST runs/create"),
    ("log_metric", {"run_id": "run_0", "key": "loss", "value": 1.0}, "NOT_IMPLEMENTED", 501, "read-only"),
    ("delete_run", {"run_id": "run_0"}, "NOT_IMPLEMENTED", 501, "read-only"),
    ("search_registered_models", {}, "ENDPOINT_NOT_FOUND", 404, "registered-models/search"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "arguments", "code", "status", "message"), BAD)
def test_errors(ask: Ask, method: str, arguments: dict[str, Any], code: str, status: int, message: str) -> None:
    """What is wrong is told by an error that the client knows, at once and without trying again."""
    error = ask(method, **arguments)
    assert (error["error"], error["status"]) == (code, status)
    assert message in error["message"]


def test_a_server_with_keys(tmp_path: Path) -> None:
    """The client sends a key as its token, or as its password; without one it gets 401, and of others' runs 404."""
    with serving(tmp_path, workers=0) as server:
        run = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}}
        made: Any = None
        secrets: dict[str, str] = {}
        for name, scope in (("admin", "admin"), ("alice", "train"), ("bob", "read")):
            made = server.post("/v1/api-keys", json={"name": name, "scopes": [scope]}).json()
            secrets[name] = made["secret"]
            server.headers["Authorization"] = f"Bearer {secrets['admin']}"
        run_id = server.post("/v1/runs", json=run, headers={"Authorization": f"Bearer {secrets['alice']}"}).json()["id"]
        asked: dict[str, dict[str, str]] = {
            "token": {"MLFLOW_TRACKING_TOKEN": secrets["alice"]},
            "password": {"MLFLOW_TRACKING_USERNAME": "anybody", "MLFLOW_TRACKING_PASSWORD": secrets["alice"]},
            "another": {"MLFLOW_TRACKING_TOKEN": secrets["bob"]},
            "none": {},
        }
        answers, found = {}, {}
        for how, variables in asked.items():
            with connected(server, **variables) as call:
                answers[how] = call("get_run", run_id=run_id)
                found[how] = call("search_runs", experiment_ids=["0"])
    for how in ("token", "password"):
        assert answers[how]["info"]["run_id"] == run_id
        assert [one["info"]["run_id"] for one in found[how]["items"]] == [run_id]
    assert (answers["another"]["error"], found["another"]["items"]) == ("RESOURCE_DOES_NOT_EXIST", [])
    assert answers["none"]["error"] == "UNAUTHENTICATED"
    assert answers["none"]["status"] == 401
