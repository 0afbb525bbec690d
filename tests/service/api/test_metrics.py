"""/metrics: what Prometheus reads there is what has happened."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import Metric, openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from starlette.types import Message, Receive, Scope, Send

from service.api.access import Access
from service.api.metrics import Metrics
from service.errors import Busy
from service.store import load
from tests.faults.processes import kill, until, workers_of
from tests.live import live_server
from tests.service.api.conftest import SPIRAL, Api, serving

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def values(metrics: Iterable[Metric]) -> Values:
    """Return the value of each sample by name and labels; none may come twice."""
    samples = [sample for metric in metrics for sample in metric.samples]
    found = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def scrape(api: httpx.Client) -> Values:
    """Read /metrics as Prometheus does."""
    return values(read_text(api.get("/metrics").text))


def plain(found: Values) -> dict[str, float]:
    """Return the samples that have no labels."""
    return {name: value for (name, labels), value in found.items() if not labels}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Api]:
    """Run a server that has counted nothing yet."""
    with serving(tmp_path, workers=0) as client:
        yield client


class TestFormats:
    """The two text formats."""

    def test_prometheus(self, idle: Api) -> None:
        """Without an Accept, and with one for text, the answer is Prometheus' own format; every metric is explained."""
        for accept in ("", "*/*", "text/plain", "text/plain;version=0.0.4", "application/json", "a/b;version=x,;;q=,"):
            answer = idle.get("/metrics", headers={"Accept": accept})
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/plain; version=")
            assert answer.headers["content-type"].endswith("; charset=utf-8")
            families = list(read_text(answer.text))
            assert families
            assert all(family.documentation for family in families)
            assert all(family.name.startswith(("postgrad_", "process_")) for family in families)

    def test_openmetrics(self, idle: Api) -> None:
        """What Prometheus sends by default gives OpenMetrics, with the same metrics."""
        accept = (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.2"
        )
        answer = idle.get("/metrics", headers={"Accept": accept})
        assert answer.headers["content-type"] == openmetrics.exposition.CONTENT_TYPE_LATEST
        names = {name for name, _ in values(read_openmetrics(answer.text))}  # type: ignore[no-untyped-call]
        assert names == {name for name, _ in scrape(idle)}

    def test_build(self, idle: Api) -> None:
        """The build is told as labels."""
        (labels,) = [dict(labels) for name, labels in scrape(idle) if name == "postgrad_build_info"]
        info = idle.get("/v1/info").json()
        assert (labels["version"], labels["sqlite"]) == (info["version"], info["sqlite_version"])


class TestRequests:
    """Counts and times of requests."""

    def test_are_counted_by_method_route_and_status(self, fresh: Api) -> None:
        """Each request is one more in its count and in its histogram."""
        begun = time.monotonic()
        for _ in range(3):
            fresh.get("/v1/runs/run_0")
        fresh.post("/v1/runs", json={})
        found = scrape(fresh)
        missing = {"method": "GET", "route": "/v1/runs/{run_id}"}
        assert found["postgrad_http_requests_total", tuple({**missing, "status": "404"}.items())] == 3
        created = (("method", "POST"), ("route", "/v1/runs"), ("status", "422"))
        assert found["postgrad_http_requests_total", created] == 1
        assert found["postgrad_http_request_duration_seconds_count", tuple(missing.items())] == 3
        inf = (("le", "+Inf"), *missing.items())
        assert found["postgrad_http_request_duration_seconds_bucket", inf] == 3
        assert 0 < found["postgrad_http_request_duration_seconds_sum", tuple(missing.items())] < time.monotonic() - begun

    def test_number_of_labels_is_bounded(self, fresh: Api) -> None:
        """Paths, methods and hosts that a client makes up all have one label."""
        for i in range(20):
            fresh.get(f"/made-up/{i}")
            fresh.get(f"/v1/runs/run_{i}")
            fresh.get(f"/v2/models/run_{i}")
            fresh.request(("PROPFIND", "LOCK", "SEARCH", "PURGE")[i % 4], f"/v1/runs/run_{i}")
            fresh.get("/healthz", headers={"Host": f"host{i}"})
        series = {labels for name, labels in scrape(fresh) if name == "postgrad_http_requests_total"}
        assert {tuple(value for _, value in labels) for labels in series} == {
            ("GET", "other", "404"),
            ("GET", "other", "421"),
            ("GET", "/v1/runs/{run_id}", "404"),
            ("GET", "/v2/models/{name}", "404"),
            ("other", "/v1/runs/{run_id}", "405"),
        }

    def test_failure_is_counted(self, fresh: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """A mistake of the server is a request with the status 500."""

        def broken(*_: Any) -> None:
            raise ValueError("a mistake")

        monkeypatch.setattr("service.api.system.fingerprint", broken)
        assert httpx.get(f"{fresh.base_url}/v1/info").status_code == 500
        labels = (("method", "GET"), ("route", "/v1/info"), ("status", "500"))
        assert scrape(fresh)["postgrad_http_requests_total", labels] == 1

    @pytest.mark.parametrize("error", [None, ConnectionResetError("the client went away")])
    def test_open_streams(self, error: Exception | None) -> None:
        """A stream of server-sent events counts as long as it is open, however it ends; other answers never do."""
        metrics, seen = Metrics(), []

        def open_now() -> float:
            return plain(values(metrics.registry.collect()))["postgrad_sse_streams"]

        async def app(scope: Scope, _: Receive, send: Send) -> None:
            kind = b"text/event-stream; charset=utf-8" if scope["path"] == "/events" else b"application/json"
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
            seen.append(open_now())
            if error:
                raise error

        async def send(_: Message) -> None: ...

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        for path in ("/events", "/other"):
            with contextlib.suppress(ConnectionResetError):
                asyncio.run(Access(app, metrics)({"type": "http", "method": "GET", "path": path}, receive, send))
        assert seen == [1, 0]
        assert open_now() == 0


class TestState:
    """What is so at the time of asking."""

    def test_queue(self, fresh: Api) -> None:
        """Runs that wait are counted, those that have ended are not."""
        for _ in range(3):
            run_id = fresh.create()
        fresh.post(f"/v1/runs/{run_id}/cancel")
        now = plain(scrape(fresh))
        assert (now["postgrad_queue_depth"], now["postgrad_running_runs"], now["postgrad_steps_per_second"]) == (2, 0, 0)
        assert (now["postgrad_workers"], now["postgrad_workers_alive"], now["postgrad_database_up"]) == (0, 0, 1)

    def test_commits_are_timed(self, fresh: Api) -> None:
        """Each transaction that writes is in the histogram of commits."""
        before, begun = plain(scrape(fresh)), time.monotonic()
        fresh.create()
        after = plain(scrape(fresh))
        count, total = (f"postgrad_commit_duration_seconds_{what}" for what in ("count", "sum"))
        assert after[count] >= before[count] + 1
        assert 0 < after[total] - before[total] < time.monotonic() - begun

    def test_running_run_and_its_rate(self, api: Api) -> None:
        """A running run counts with the rate that it has itself, and the workers are alive."""
        run_id = api.create(training={"steps": 10**8})
        api.wait(run_id, "running")
        until(lambda: plain(scrape(api))["postgrad_workers_alive"] == 2)
        now = plain(scrape(api))
        assert now["postgrad_running_runs"] == 1
        assert now["postgrad_steps_per_second"] > 0
        api.post(f"/v1/runs/{run_id}/cancel")
        api.wait(run_id, "cancelled")
        assert plain(scrape(api))["postgrad_running_runs"] == 0

    def test_model_cache(self, api: Api) -> None:
        """The first use of a checkpoint is a miss, the second a hit; what is kept has a size."""
        run_id = api.ended()["id"]
        before = plain(scrape(api))
        for _ in range(2):
            api.post(f"/v1/runs/{run_id}/predict", json={"inputs": [[0, 0]]})
        after = plain(scrape(api))
        change = {name: after[name] - before[name] for name in after if name.startswith("postgrad_model_cache")}
        assert change.pop("postgrad_model_cache_bytes") > 0
        assert change == {"postgrad_model_cache_hits_total": 1, "postgrad_model_cache_misses_total": 1}

    def test_without_database(self, idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """When the database does not answer, the rest is told all the same."""

        def busy(*_: Any) -> None:
            raise Busy("away")

        monkeypatch.setattr(load, "now", busy)
        now = plain(scrape(idle))
        assert now["postgrad_database_up"] == 0
        assert "postgrad_queue_depth" not in now
        assert "postgrad_commit_duration_seconds_count" in now

    def test_reads_the_index_alone(self, idle: Api) -> None:
        """The query looks only at runs that wait or run, by the index: a million that have ended cost nothing."""
        path = idle.app.state.parts.settings.data_dir / "postgrad.sqlite3"
        sql = "SELECT status, count(*), sum(steps_per_second) FROM runs WHERE status IN ('queued', 'running') GROUP BY status"
        with closing(sqlite3.connect(path)) as database:
            plan = str(database.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())
        assert "SEARCH runs USING INDEX ix_runs_queue (status=?)" in plan

    def test_killed_worker_is_missed(self, tmp_path: Path) -> None:
        """A worker that dies is missing in the count; the next run that it would have had brings another."""
        with live_server(tmp_path / "data", POSTGRAD_WORKERS="1") as (url, server), httpx.Client(base_url=url) as client:

            def wait_for(number: int) -> None:
                until(lambda: plain(scrape(client))["postgrad_workers_alive"] == number)

            wait_for(1)
            (worker,) = workers_of(server.pid)
            kill(worker)
            wait_for(0)
            client.post("/v1/runs", json={"dataset": SPIRAL, "model": {"kind": "softmax"}})
            wait_for(1)
