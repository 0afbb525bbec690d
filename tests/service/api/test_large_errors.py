"""Bodies that are large and wrong are refused soon, by a small answer with one error."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.service.api.conftest import SPIRAL, Api, serving

JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024
SMALL_ANSWER = 4096  # bytes
RUN: dict[str, Any] = {"dataset": SPIRAL, "model": {"kind": "softmax"}}
LONG = "k" * (4 * MIB)
MANY = {f"k{i}": 1 for i in range(200_000)}
BAD_ROWS = [["a"] * 1000 for _ in range(1000)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Serve without workers, and with the limits that a server has by default."""
    with serving(tmp_path_factory.mktemp("large"), workers=0) as api:
        yield api


BODIES: dict[str, tuple[str, Any]] = {
    "cells of text": ("/v1/runs/run_0/predict", {"inputs": BAD_ROWS}),
    "rows of text": ("/v1/runs/run_0/predict", {"inputs": ["a"] * 1_000_000}),
    "cells of text for a named model": ("/v1/models/m/predict", {"inputs": BAD_ROWS}),
    "unknown keys": ("/v1/runs/validate", {**RUN, **MANY}),
    "unknown keys of a part": ("/v1/runs/validate", {**RUN, "model": {"kind": "softmax", **MANY}}),
    "unknown keys of a dataset": ("/v1/datasets", {"parameters": {**SPIRAL, **MANY}}),
    "tags": ("/v1/runs", {**RUN, "tags": MANY}),
    "sizes of layers": ("/v1/runs", {**RUN, "model": {"kind": "mlp", "hidden_sizes": ["a"] * 1_000_000}}),
    "a long key": ("/v1/runs/validate", {**RUN, LONG: 1}),
    "a long key of a part": ("/v1/runs/validate", {**RUN, "training": {LONG: 1}}),
    "a long key of a tag": ("/v1/runs", {**RUN, "tags": {LONG: "a"}}),
    "a long text": ("/v1/runs", {**RUN, "name": LONG}),
    "a long kind": ("/v1/runs", {**RUN, "model": {"kind": LONG}}),
}


@pytest.mark.parametrize(("path", "body"), BODIES.values(), ids=BODIES)
def test_large_and_wrong(server: Api, path: str, body: Any) -> None:
    """422 in a few KB; CPU time is at most that of reading the JSON some times over, not of an error for each cell."""
    sent = json.dumps(body).encode()
    started = process_time()
    json.loads(sent)
    reading = process_time() - started
    started = process_time()
    answer = server.post(path, content=sent, headers=JSON)
    taken = process_time() - started
    assert answer.status_code == 422
    assert len(answer.content) < SMALL_ANSWER
    assert len(answer.json()["errors"]) == 1
    assert taken < 5 * reading + 0.3


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/runs/run_0/fork"),
        ("POST", "/v1/runs/run_0/extend"),
        ("POST", "/v1/runs/run_0/generate"),
        ("POST", "/v1/api-keys"),
        ("POST", "/v1/datasets/preview"),
        ("POST", "/api/2.0/mlflow/runs/search"),
    ],
)
def test_small_where_no_data_belong(server: Api, method: str, path: str) -> None:
    """A body over the small limit is refused with its setting; where data belong it is read."""
    limit = Settings().max_small_body_bytes
    answer = httpx.request(method, f"{server.base_url}".rstrip("/") + path, content=b" " * (limit + 1), headers=JSON)
    assert answer.status_code == 413
    assert "POSTGRAD_MAX_SMALL_BODY_BYTES" in answer.text
    assert server.post("/v1/runs/validate", content=json.dumps(RUN).encode().ljust(2 * limit), headers=JSON).status_code == 200


def test_the_small_limit_is_told(tmp_path: Path) -> None:
    """/v1/info has it."""
    with serving(tmp_path, workers=0, max_small_body_bytes=2048) as api:
        assert api.get("/v1/info").json()["limits"]["max_small_body_bytes"] == 2048
        assert api.post("/v1/runs/run_0/fork", content=b" " * 2049, headers=JSON).status_code == 413
