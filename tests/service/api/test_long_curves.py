"""Curves of many points: read and sent some at a time, with the same bytes, and in turns."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from core.types import Point
from service.api import history, large, streamed
from service.domain import RunStatus, StopReason
from service.runs.chosen import choose
from service.runs.kept_curves import CurveCache
from service.settings import Settings
from service.store import lifecycle, metrics
from tests.service.api.conftest import Api
from tests.service.api.test_history import give

AT_ONCE = Settings.model_fields["max_costly_requests"].default
INF, NAN = float("inf"), float("nan")
ODD = {7: {"loss": NAN, "grad_norm": INF}, 8: {"grad_norm": -INF}, 300: {"update_ratio": NAN}}
QUERIES = ("", "?from_step=5&to_step=90", "?max_points=40", "?max_points=250", "?from_step=500")
MLFLOW = "/api/2.0/mlflow"


@pytest.fixture(scope="module")
def long(idle: Api) -> str:
    """Make a run with 400 points, of which some are not finite and some series lack some."""
    run_id = idle.create()
    points = []
    for step in range(400):
        late = {"val_loss": 1.0 / step} if step >= 40 and step % 7 == 0 else {}
        points.append(Point(step, {"loss": (step * 37 % 101) / 7, "data_loss": step / 3, **late, **ODD.get(step, {})}))
    give(idle, run_id, points)
    return run_id


def addresses(run_id: str) -> list[str]:
    """Return where the run's points are read."""
    paths = [f"{kind}.{suffix}{query}" for kind in ("loss-history", "metrics") for suffix in history.MEDIA for query in QUERIES]
    asked = [f"/v1/runs/{run_id}/{path}" for path in (*paths, "plot.svg?log=true")]
    asked += [
        f"{MLFLOW}/metrics/get-history?run_id={run_id}&metric_key={key}" for key in ("loss", "val_loss", "grad_norm", "no")
    ]
    return [*asked, f"/api/2.0/mlflow-artifacts/artifacts/{run_id}/loss-history.json"]


@pytest.fixture
def in_pieces(idle: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let 10 points be many, and no curve be kept in memory."""
    parts = idle.app.state.parts
    idle.app.state.parts = replace(parts, curves=CurveCache(0))
    monkeypatch.setattr(streamed, "MOST_AT_ONCE", 10)
    monkeypatch.setattr(large, "MANY_POINTS", 10)
    monkeypatch.setattr(metrics, "BLOCK", 7)
    yield
    idle.app.state.parts = parts


def test_the_same_bytes(idle: Api, long: str, request: pytest.FixtureRequest) -> None:
    """What is read and sent some points at a time is what is sent in one piece."""
    whole = {address: idle.get(address) for address in addresses(long)}
    assert {answer.status_code for answer in whole.values()} == {200}
    request.getfixturevalue("in_pieces")
    streams = 0
    for address, before in whole.items():
        answer = idle.get(address)
        assert answer.content == before.content, address
        same = ("content-type", "etag", "x-total-points", "x-downsampled")
        assert [answer.headers.get(name) for name in same] == [before.headers.get(name) for name in same]
        streams += answer.headers.get("transfer-encoding") == "chunked"
    assert streams >= 20
    told = idle.head(f"/v1/runs/{long}/metrics.csv")
    assert (told.status_code, told.content) == (200, b"")


@pytest.mark.usefixtures("in_pieces")
def test_pages_of_mlflow(idle: Api, long: str) -> None:
    """A page has no more points than an answer may; its token leads to the rest."""
    params: dict[str, Any] = {"run_id": long, "metric_key": "loss", "max_results": 100_000}
    steps = []
    while True:
        page = idle.get(f"{MLFLOW}/metrics/get-history", params=params).json()
        assert len(page["metrics"]) <= 10
        steps += [point["step"] for point in page["metrics"]]
        if "next_page_token" not in page:
            break
        params["page_token"] = page["next_page_token"]
    assert steps == list(range(400))


@pytest.mark.usefixtures("in_pieces")
@pytest.mark.parametrize("path", ["/v1/runs/{}/metrics.csv", MLFLOW + "/metrics/get-history?run_id={}&metric_key=loss"])
def test_a_run_that_is_deleted_meanwhile(idle: Api, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """An answer that has begun ends as incomplete; it never looks whole."""
    run_id = idle.create()
    give(idle, run_id, [Point(step, {"loss": 1.0}) for step in range(100)])
    end = (RunStatus.CANCELLED, StopReason.CANCELLED)
    idle.app.state.parts.database.write(lambda db: lifecycle.finish(db, run_id, 1, *end))
    read, calls = metrics.history if "csv" in path else metrics.one_series, 0

    def deleted(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        found = read(*args, **named)
        if calls == 3:
            with httpx.Client(base_url=idle.base_url) as other:
                assert other.delete(f"/v1/runs/{run_id}").status_code == 204
        return found

    monkeypatch.setattr(metrics, read.__name__, deleted)
    with pytest.raises(httpx.RemoteProtocolError):
        idle.get(path.format(run_id))
    assert httpx.get(f"{idle.base_url}{path.format(run_id)}").status_code == 404


def test_in_turns(idle: Api, long: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """48 long curves at once are read some at a time, and nobody else waits for them."""
    monkeypatch.setattr(large, "MANY_POINTS", 10)
    lock, inside, most = threading.Lock(), 0, 0
    full, go = threading.Event(), threading.Event()

    def slow(*given: Any) -> Any:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            if inside == AT_ONCE:
                full.set()
        assert go.wait(30)
        with lock:
            inside -= 1
        return choose(*given)

    monkeypatch.setattr(history, "choose", slow)
    with ThreadPoolExecutor(48) as threads:
        asked = [threads.submit(idle.get, f"/v1/runs/{long}/metrics.csv?max_points=50") for _ in range(48)]
        assert full.wait(30)
        with httpx.Client(base_url=idle.base_url, timeout=30) as other:
            for path in ("/healthz", f"/v1/runs/{long}", "/v1/runs", f"/v1/runs/{long}/events"):
                assert other.get(path).status_code == 200  # while none of them goes on
        go.set()
        assert {answer.result().status_code for answer in asked} == {200}
    assert most == AT_ONCE
    assert json.loads(idle.get(f"/v1/runs/{long}/metrics?max_points=2").content)["downsampled"]
