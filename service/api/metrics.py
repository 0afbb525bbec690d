"""`/metrics`: what a server counts itself, and what the database says at the time of asking, for Prometheus."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector, disable_created_metrics
from prometheus_client import exposition as text
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics

from service.api.deps import Parts, Server
from service.errors import Busy
from service.store import load
from service.store.unit import Database

router = APIRouter(tags=["system"])

FORMATS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}, "application/openmetrics-text": {}}}}

REQUEST_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
COMMIT_SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """What a server counts, since its start."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a time of birth beside each count would double them
        self.registry = CollectorRegistry()
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
        self.streams = Gauge("postgrad_sse_streams", "Streams of server-sent events that are open.", registry=self.registry)
        self.commits = Histogram(
            "postgrad_commit_duration_seconds",
            "Transactions that write, of the server and not of its workers: waiting for the lock, and the commit.",
            buckets=COMMIT_SECONDS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)


class _Everything:
    """What the encoders ask: the counts of the server, then its state as it is now."""

    def __init__(self, metrics: Metrics, parts: Parts) -> None:
        self._metrics, self._parts = metrics, parts

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._metrics.registry.collect()
        yield from _of_process(self._parts)
        yield from _of_database(self._parts.database)


def _of_process(parts: Parts) -> Iterator[Metric]:
    cache = parts.models.counts()
    about = {"version": version("postgrad"), "python": platform.python_version(), "sqlite": Database.version()}
    yield InfoMetricFamily("postgrad_build", "The program and what it runs on.", about)
    yield GaugeMetricFamily("postgrad_workers", "Worker processes that there should be.", parts.settings.workers)
    yield GaugeMetricFamily("postgrad_workers_alive", "Worker processes that there are.", parts.dispatcher.workers_alive)
    yield CounterMetricFamily("postgrad_model_cache_hits", "Models found ready for use.", cache.hits)
    yield CounterMetricFamily("postgrad_model_cache_misses", "Models that had to be loaded.", cache.misses)
    yield GaugeMetricFamily("postgrad_model_cache_bytes", "Size of the models that are kept ready.", cache.size_bytes)


def _of_database(database: Database) -> Iterator[Metric]:
    try:
        now = database.read(load.now)
    except Busy:
        now = None
    yield GaugeMetricFamily("postgrad_database_up", "Whether the database answers.", now is not None)
    if now is not None:
        yield GaugeMetricFamily("postgrad_queue_depth", "Runs that wait for a worker.", now.queued)
        yield GaugeMetricFamily("postgrad_running_runs", "Runs that are being trained.", now.running)
        yield GaugeMetricFamily("postgrad_steps_per_second", "Steps of all running runs together.", now.steps_per_second)


@router.get("/metrics", response_class=Response, responses=FORMATS)
def metrics(request: Request, server: Server) -> Response:
    """Tell the state of this server in the text format of Prometheus, or OpenMetrics if it is accepted."""
    everything = _Everything(request.app.state.metrics, server)
    if "application/openmetrics-text" in request.headers.get("accept", ""):
        encoded: bytes = openmetrics.generate_latest(everything)  # type: ignore[no-untyped-call]
        return Response(encoded, media_type=openmetrics.CONTENT_TYPE_LATEST)
    return Response(text.generate_latest(everything), media_type=text.CONTENT_TYPE_LATEST)
