"""How SQLite finds what requests ask for: no table that grows with use is read from end to end."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from service.settings import Settings
from service.store.unit import Database
from tests.service.api.conftest import Api, serving

GROWING = {"runs", "metrics", "checkpoints", "events", "datasets", "attempts", "idempotency_keys", "model_versions"}
ALLOWED = {
    "ORDER BY CASE WHEN json_type(runs.metrics": "an order by a metric looks at that of each run",
}
"""Parts of statements that read a whole table, each with its reason."""


@pytest.fixture
def asked() -> Iterator[dict[str, Any]]:
    """Collect the statements that are executed, each with the parameters of its last execution."""
    found: dict[str, Any] = {}

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", statement):
            found[statement] = parameters

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


def _use(api: Api) -> None:
    """Do what clients do: make, look, predict, name, list, page, delete."""
    run = api.ended("mlp", training={"steps": 40, "log_every": 1, "checkpoint_every": 10})["id"]
    for path in (
        "",
        "/checkpoints",
        "/checkpoints?limit=2&after=10",
        "/loss-history",
        "/metrics?max_points=5",
        "/events",
        "/diagnostics",
    ):
        assert api.get(f"/v1/runs/{run}{path}").status_code == 200, path
    for checkpoint in ("latest", "best", "10", api.get(f"/v1/runs/{run}/checkpoints").json()["data"][1]["id"]):
        body = {"inputs": [[0.1, 0.2]], "checkpoint": checkpoint}
        assert api.post(f"/v1/runs/{run}/predict", json=body).status_code == 200
        assert api.post(f"/v1/runs/{run}/evaluate", json={"checkpoint": checkpoint}).status_code == 200
    assert api.get(f"/v1/runs/{run}/export", params={"format": "npz"}).status_code == 200
    assert api.put("/v1/models/net/aliases/production", json={"run": run}).status_code in (200, 201)
    assert api.post("/v1/models/net/predict", json={"inputs": [[0.1, 0.2]]}).status_code == 200
    assert api.post(f"/v1/runs/{run}/extend", json={"steps": 60}).status_code == 202
    assert api.post(f"/v1/runs/{run}/fork", json={}).status_code == 202
    for path in (
        "/v1/runs",
        f"/v1/runs?after={run}",
        "/v1/runs?order_by=metrics.loss",
        "/v1/queue",
        "/v1/models",
        "/v1/datasets",
        "/v1/usage",
        "/v1/info",
        "/metrics",
        "/v1/models/net",
        "/v2/models/net",
        "/readyz",
        f"/api/2.0/mlflow/runs/get?run_id={run}",
        f"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=loss",
    ):
        assert api.get(path).status_code == 200, path
    made = api.post("/v1/datasets", json={"parameters": {"kind": "xor"}}, headers={"Idempotency-Key": "one"}).json()["id"]
    assert api.get(f"/v1/datasets/{made}/preview").status_code == 200
    assert api.delete(f"/v1/datasets/{made}").status_code == 204
    other = api.ended("softmax")["id"]
    assert api.delete(f"/v1/runs/{other}").status_code == 204


def test_no_growing_table_is_scanned(tmp_path: Path, asked: dict[str, Any]) -> None:
    """Each statement that requests lead to finds its rows by an index."""
    with serving(tmp_path, workers=1) as api:
        asked.clear()  # the migrations
        _use(api)
        database = Database(Settings(data_dir=tmp_path).url)
        bad = []
        for statement, parameters in asked.items():
            for step in _plan(database, statement, parameters):
                scan = re.match(r"SCAN (\w+)(?! USING (COVERING )?INDEX)", step)
                if scan and scan[1] in GROWING and not any(part in statement for part in ALLOWED):
                    bad.append(f"{step}: {' '.join(statement.split())}")
        database.close()
    assert len(asked) > 40
    assert bad == []


def _plan(database: Database, statement: str, parameters: Any) -> list[str]:
    one = parameters[0] if isinstance(parameters, list) else parameters
    with database._reader.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one)
        return [row[-1] for row in rows]


def test_a_scan_is_seen(tmp_path: Path) -> None:
    """What the test above looks for is what SQLite says of a statement without an index."""
    with serving(tmp_path, workers=0):
        database = Database(Settings(data_dir=tmp_path).url)
        assert _plan(database, "SELECT * FROM checkpoints WHERE digest = 'x'", ()) == ["SCAN checkpoints"]
        database.close()
