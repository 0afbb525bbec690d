"""The MLflow mount as plain HTTP: its errors have MLflow's shape, and nothing that is sent makes it fail."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.types import Point
from service.api import mlflow
from service.store import metrics
from tests.live import ROOT
from tests.service.api.conftest import Api, strict_json

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
NONE = "there is no run"


@pytest.fixture(scope="module")
def run_id(idle: Api) -> str:
    """Queue a run."""
    return idle.create(name="one")


@pytest.fixture(scope="module")
def client(idle: Api) -> Iterator[httpx.Client]:
    """Talk to the server without what is checked of our own routes."""
    with httpx.Client(base_url=idle.base_url) as plain:
        yield plain


def _search(body: Any) -> dict[str, Any]:
    content = body if isinstance(body, str) else json.dumps({"experiment_ids": ["0"], **body})
    return {"method": "POST", "url": f"{API}/runs/search", "content": content.encode("utf-8", "surrogatepass"), "headers": JSON}


def _get(url: str, **params: Any) -> dict[str, Any]:
    return {"method": "GET", "url": url, "params": params}


def _history(name: str, value: Any) -> dict[str, Any]:
    return _get(f"{API}/metrics/get-history", run_id="run_1", metric_key="loss", **{name: value})


JSON = {"Content-Type": "application/json"}
INVALID, MISSING, GONE = "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "ENDPOINT_NOT_FOUND"
REFUSED: list[tuple[dict[str, Any], int, str, str]] = [
    (_get(f"{API}/runs/get"), 400, INVALID, "run_id is missing"),
    (_get(f"{API}/runs/get", run_id=""), 400, INVALID, "run_id is missing"),
    (_get(f"{API}/runs/get", run_id="run_\0"), 404, MISSING, NONE),
    (_get(f"{API}/runs/get", run_id="run_" + "a" * 5000), 404, MISSING, NONE),
    (_get(f"{API}/runs/get", run_id="' OR 1=1 --"), 404, MISSING, NONE),
    (_get(f"{API}/metrics/get-history", run_id="run_1"), 400, INVALID, "metric_key is missing"),
    (_history("max_results", 0), 400, INVALID, "must be at least 1"),
    (_history("max_results", "x"), 400, INVALID, "valid integer"),
    (_history("page_token", "-1"), 400, INVALID, "page_token"),
    (_history("page_token", "9" * 30), 400, INVALID, "page_token"),
    (_get(f"{API}/experiments/get"), 400, INVALID, "experiment_id is missing"),
    (_get(f"{API}/experiments/get", experiment_id="\0"), 404, MISSING, "there is no experiment"),
    (_search({"filter": "name = 'a\0'"}), 400, INVALID, "filter, at character 10: '\\x00' cannot stand in it"),
    (_search('{"filter":"name = \'\\ud800\'"}'), 400, INVALID, "filter, at character 9: '\\ud800' cannot stand in it"),
    (_search({"filter": "a" * 10_000}), 400, INVALID, "filter has 10000 characters, must have at most 5000"),
    (_search({"filter": "name = ''; DROP TABLE runs"}), 400, INVALID, "filter, at character 10: expected a field"),
    (_search({"filter": 3}), 400, INVALID, "filter is 3, must be a valid string"),
    (_search({"filter": None}), 400, INVALID, "filter is null, must be a valid string"),
    (_search({"order_by": "metrics.loss"}), 400, INVALID, "order_by is 'metrics.loss', must be a valid list"),
    (_search({"order_by": ["metrics.loss"] * 6}), 400, INVALID, "order_by has 6 keys, must have at most 5"),
    (_search({"max_results": 0}), 400, INVALID, "max_results is 0, must be at least 1"),
    (_search({"max_results": 2**70}), 400, INVALID, "must be at most 50000"),
    (_search({"page_token": "run_\0"}), 400, INVALID, "page_token is not what a page of this search gave"),
    (_search({"page_token": "at_AAAA"}), 400, INVALID, "page_token is not what"),
    (_search({"page_token": "at_AAAA", "order_by": ["metrics.loss"]}), 400, INVALID, "page_token is not what a page"),
    (_search("{"), 400, INVALID, "the body is not JSON"),
    (_search("[]"), 400, INVALID, "the body is a list of 0 items, must be"),
    (_search("[" * 100_000), 400, INVALID, "error"),
    (_get(f"{API}/artifacts/list"), 400, INVALID, "run_id is missing"),
    (_get(FILES), 400, INVALID, "run_id is missing"),
    (_get(FILES, path="../../etc"), 404, MISSING, NONE),
    (_get(f"{FILES}/run_1/latest/model.npz"), 404, MISSING, NONE),
    (_get(f"{FILES}/%2e%2e/%2e%2e/etc/passwd"), 404, MISSING, NONE),
    (_get(f"{FILES}/run_%00/x"), 404, MISSING, NONE),
    (_get(f"{API}/registered-models/search"), 404, GONE, "this server has no /api/2.0/mlflow/registered-models/search"),
    (_get(f"{API}/runs/search"), 404, GONE, "this server has no"),
    ({"method": "POST", "url": f"{API}/runs/create", "json": {}}, 501, "NOT_IMPLEMENTED", "it has no POST runs/create"),
    ({"method": "POST", "url": f"{API}/runs/get", "json": {}}, 501, "NOT_IMPLEMENTED", "read-only"),
    ({"method": "DELETE", "url": f"{API}/anything"}, 501, "NOT_IMPLEMENTED", "read-only"),
    ({"method": "PUT", "url": f"{FILES}/run_1/x", "content": b"x"}, 501, "NOT_IMPLEMENTED", "read-only"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "status", "code", "message"), REFUSED, ids=lambda value: str(value)[:50].encode("ascii", "replace").decode()
)
def test_refusals(client: httpx.Client, request_: dict[str, Any], status: int, code: str, message: str) -> None:
    """What cannot be done is refused in MLflow's shape, with a message that says why."""
    answer = client.request(**request_)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    assert answer.headers["X-Request-ID"]
    body = strict_json(answer.text)
    assert set(body) == {"error_code", "message"}
    assert body["error_code"] == code
    assert message in body["message"]


def test_a_mistake_of_the_server(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure has the protocol's shape too, and tells nothing of what failed."""
    monkeypatch.setattr("service.api.mlflow.runs.search", None)
    answer = client.request(**_search({}))
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")
    assert answer.json() == {
        "error_code": "INTERNAL_ERROR",
        "message": "the server made a mistake; the request id finds it in the log",
    }
    assert answer.headers["X-Request-ID"]


def test_files_that_are_not_there(client: httpx.Client, run_id: str) -> None:
    """A run has only the files that are listed; a directory that is not there is empty."""
    for path in ("", "/", "/latest", "/latest/model.npz", "/loss-history.json/x", "/../x", "/best/../loss-history.json", "//"):
        answer = client.get(f"{FILES}/{run_id}" + path.replace("..", "%2e%2e"))
        assert (answer.status_code, answer.json()["error_code"]) == (404, MISSING), path
    assert client.get(FILES, params={"path": f"{run_id}/latest"}).json() == {"files": []}
    assert client.get(FILES, params={"path": run_id}).json() == {"files": [{"path": "loss-history.json", "is_dir": False}]}
    listed = client.get(f"{API}/artifacts/list", params={"run_id": run_id}).json()
    assert listed == {"root_uri": f"mlflow-artifacts:/{run_id}", "files": [{"path": "loss-history.json", "is_dir": False}]}


def test_both_names_of_a_run_id(client: httpx.Client, run_id: str) -> None:
    """The protocol's old name for an id is read too, and fields that are not known are ignored."""
    for params in ({"run_id": run_id}, {"run_uuid": run_id}, {"run_id": run_id, "run_uuid": run_id, "new": "x"}):
        shown = client.get(f"{API}/runs/get", params=params).json()["run"]
        assert shown["info"]["run_id"] == shown["info"]["run_uuid"] == run_id
        assert "end_time" not in shown["info"]
    assert client.post(f"{API}/runs/search", json={"experiment_ids": ["0"], "new": 1}).json()["runs"]


def test_pages_of_a_history(idle: Api, client: httpx.Client) -> None:
    """A history that is asked for in pages comes whole and ends; a token always leads on."""
    run = idle.create()

    points = [Point(step, {"loss": float(step)} if step % 2 else {"val_loss": 1.0}) for step in range(20)]
    idle.app.state.parts.database.write(lambda db: metrics.append(db, run, points))
    params: dict[str, Any] = {"run_id": run, "metric_key": "loss", "max_results": 4}
    walked: list[int] = []
    pages = 0
    while True:
        page = client.get(f"{API}/metrics/get-history", params=params).json()
        walked += [point["step"] for point in page["metrics"]]
        pages += 1
        if "next_page_token" not in page:
            break
        params["page_token"] = page["next_page_token"]
    assert (walked, pages) == (list(range(1, 20, 2)), 3)


def test_probes_of_a_client_get_a_plain_404(client: httpx.Client) -> None:
    """A client asks what the server can beyond the protocol: it takes 404 for nothing, and does not try again."""
    assert client.get("/api/3.0/mlflow/server-info").status_code == 404


def test_every_route_is_told() -> None:
    """The table in docs/api/mlflow.md has each route of the mount, and no other."""
    routes: list[Any] = [route for part in mlflow.PARTS[:-1] for route in part.routes]
    there = {f"{method} {route.path}" for route in routes for method in route.methods}
    told = re.findall(r"^\| (GET|POST) \| `(/api/2\.0/[^`]*)` \|", (ROOT / "docs/api/mlflow.md").read_text(), re.MULTILINE)
    assert {f"{method} {path}" for method, path in told} == there


def test_a_body_over_the_limit(client: httpx.Client) -> None:
    """A body that is too large is refused while it is read, in the shape of the protocol."""
    answer = client.request(**_search({"filter": "a" * 300_000}))
    assert answer.status_code == 413
    assert "POSTGRAD_MAX_BODY_BYTES" in answer.json()["message"]
