"""`/metrics`: what a server counts itself, and what the database says at the time of asking, for Prometheus."""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    values,
)
from prometheus_client import exposition as text
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.values import MultiProcessValue

from service.api.deps import Parts, Server
from service.api.probes import probe
from service.errors import Busy
from service.runs.kept import CacheTold
from service.store import load, usage
from service.store.unit import Database

router = APIRouter(tags=["system"])

FORMATS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}, "application/openmetrics-text": {}}}}

STORED = {
    "datasets": "Kept datasets.",
    "datasets_bytes": "Size of the kept datasets.",
    "runs": "Runs, those that have ended included.",
    "runs_bytes": "Size of the specs and tags of all runs.",
    "points": "Metric points of all runs.",
    "checkpoints": "Checkpoints of all runs.",
    "checkpoints_bytes": "Size of the checkpoints of all runs.",
    "answers": "Answers kept for idempotency keys.",
    "answers_bytes": "Size of the answers kept for idempotency keys.",
}
REQUEST_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
COMMIT_SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


@dataclass(frozen=True)
class Shared:
    """Where the processes of one server keep their counts, each under a number of its own; who takes its place goes on."""

    folder: Path
    number: int


class Metrics:
    """What a server counts, since its start: all its processes together, if there are several."""

    def __init__(self, shared: Shared | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a time of birth beside each count would double them
        self.registry = CollectorRegistry()
        if shared is not None:  # how the library is told so, before the first metric is made
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared.folder)
            values.ValueClass = MultiProcessValue(lambda: shared.number)  # type: ignore[no-untyped-call]
        self._of_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        of_request = ("method", "route")
        self.requests = Counter(
            "postgrad_http_requests", "Requests that are over.", (*of_request, "status"), registry=self.registry
        )
        self.latency = Histogram(
            "postgrad_http_request_duration_seconds",
            "From the head of a request to the end of its answer.",
            of_request,
            buckets=REQUEST_SECONDS,
            registry=self.registry,
        )
        self.streams = self._gauge("postgrad_sse_streams", "Streams of server-sent events that are open.")
        self.cache = CacheTold(
            Counter("postgrad_model_cache_hits", "Models found ready for use.", registry=self.registry).inc,
            Counter("postgrad_model_cache_misses", "Models that had to be loaded.", registry=self.registry).inc,
            self._gauge("postgrad_model_cache_bytes", "Size of the models that are kept ready.").set,
        )
        self.commits = Histogram(
            "postgrad_commit_duration_seconds",
            "Transactions that write, of the server and not of its workers: waiting for the lock, and the commit.",
            buckets=COMMIT_SECONDS,
            registry=self.registry,
        )
        self._counted: Collector = self.registry
        if shared is None:
            ProcessCollector(registry=self.registry)
        else:  # what is of one process alone would be that of another one at each scrape
            self._counted = MultiProcessCollector(None, str(shared.folder))  # type: ignore[no-untyped-call]

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that is over."""
        known = self._of_request.get((method, route, status))
        if known is None:  # looked up once: 2 µs each time
            labels = self.requests.labels(method, route, str(status)), self.latency.labels(method, route)
            known = self._of_request[method, route, status] = labels
        known[0].inc()
        known[1].observe(seconds)

    def _gauge(self, name: str, what: str) -> Gauge:
        gauge = Gauge(name, what, registry=self.registry, multiprocess_mode="sum")
        gauge.set(0)  # a process that was killed has left its own behind
        return gauge

    def collect(self) -> Iterator[Metric]:
        """Yield what has been counted."""
        yield from self._counted.collect()


class _Everything:
    """What the encoders ask: the counts of the server, then its state as it is now."""

    def __init__(self, metrics: Metrics, parts: Parts) -> None:
        self._metrics, self._parts = metrics, parts

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._metrics.collect()
        yield from _of_process(self._parts)
        yield from _of_database(self._parts.database)
        yield from _stored(self._parts.database)


def _of_process(parts: Parts) -> Iterator[Metric]:
    about = {"version": version("postgrad"), "python": platform.python_version(), "sqlite": Database.version()}
    yield InfoMetricFamily("postgrad_build", "The program and what it runs on.", about)
    yield GaugeMetricFamily("postgrad_workers", "Worker processes that there should be.", parts.settings.workers)
    yield GaugeMetricFamily("postgrad_workers_alive", "Worker processes that there are.", parts.dispatcher.workers_alive)
    hung = CounterMetricFamily("postgrad_workers_hung", "Workers that gave no sign of life and were killed.")
    hung.add_metric([], parts.dispatcher.workers_hung)
    yield hung


def _of_database(database: Database) -> Iterator[Metric]:
    now = room = None
    with suppress(Busy):
        now, room = database.read(load.now), database.room()
    yield GaugeMetricFamily("postgrad_database_up", "Whether the database answers.", now is not None)
    if now is not None:
        yield GaugeMetricFamily("postgrad_queue_depth", "Runs that wait for a worker.", now.queued)
        yield GaugeMetricFamily("postgrad_running_runs", "Runs that are being trained.", now.running)
        yield GaugeMetricFamily("postgrad_steps_per_second", "Steps of all running runs together.", now.steps_per_second)
    if room is not None:
        yield GaugeMetricFamily("postgrad_disk_free_bytes", "Free bytes of the disk of the database.", room.free_bytes)
        yield GaugeMetricFamily("postgrad_disk_reusable_bytes", "Unused bytes within the database.", room.reusable_bytes)
        yield GaugeMetricFamily("postgrad_disk_floor_bytes", "Bytes that are kept free.", room.floor_bytes)
        yield GaugeMetricFamily("postgrad_disk_low", "Whether there is less than that: runs wait.", room.lacks())


def _stored(database: Database) -> Iterator[Metric]:
    try:
        kept = database.read(usage.total)
    except Busy:
        return
    for name, what in STORED.items():
        yield GaugeMetricFamily(f"postgrad_{name}", what, getattr(kept, name))


@router.get("/metrics", response_class=Response, responses=FORMATS)
async def metrics(request: Request, server: Server) -> Response:
    """Tell the state of this server in the text format of Prometheus, or OpenMetrics if it is accepted."""
    everything = _Everything(request.app.state.metrics, server)
    if "application/openmetrics-text" in request.headers.get("accept", ""):
        encoded: bytes = await probe(openmetrics.generate_latest, everything)
        return Response(encoded, media_type=openmetrics.CONTENT_TYPE_LATEST)
    return Response(await probe(text.generate_latest, everything), media_type=text.CONTENT_TYPE_LATEST)
