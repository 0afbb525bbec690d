"""OpenTelemetry: a real server exports to a real collector, by the standard variables alone."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.live import ROOT, live_server

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SERVER = Span.SpanKind.SPAN_KIND_SERVER


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Run a collector of OTLP over HTTP; yield its URL and what it has been sent: paths and bodies."""
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def test_requests_are_exported(tmp_path: Path) -> None:
    """A request is a span of its caller's trace, named after the route; the log has its id; nothing is lost at the end."""
    with collector() as (endpoint, received):
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SERVICE_NAME": "postgrad-test", "POSTGRAD_WORKERS": "0"}
        with live_server(tmp_path / "data", **variables) as (url, _):
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            httpx.get(f"{url}/v1/runs/run_0", headers={**headers, "Authorization": "canary-1", "Cookie": "canary-2"})
            httpx.post(f"{url}/v1/runs", json={"name": "canary-3"})
            for probe in ("/healthz", "/readyz", "/metrics"):
                httpx.get(url + probe)
    exports = [ExportTraceServiceRequest.FromString(body) for path, body in received if path == "/v1/traces"]
    resources = [resource for export in exports for resource in export.resource_spans]
    assert "postgrad-test" in str(resources[0].resource)
    spans = [span for resource in resources for scope in resource.scope_spans for span in scope.spans]
    served = {span.name: span for span in spans if span.kind == SERVER}
    assert set(served) == {"GET /v1/runs/{run_id}", "POST /v1/runs"}
    span = served["GET /v1/runs/{run_id}"]
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert {path for path, _ in received} == {"/v1/traces", "/v1/metrics"}  # no logs: an exception may quote a client
    metrics = [str(ExportMetricsServiceRequest.FromString(body)) for path, body in received if path == "/v1/metrics"]
    assert "http.server.request.duration" in "".join(metrics)
    assert b"canary" not in b"".join(body for _, body in received)
    told = [json.loads(line) for line in (tmp_path / "data.log").read_text().splitlines()]
    ids = [line["trace_id"] for line in told if line["event"] == "request" and line["route"].startswith("/v1/runs")]
    assert ids == [TRACE, served["POST /v1/runs"].trace_id.hex()]


def test_a_collector_that_is_away_harms_nobody(tmp_path: Path) -> None:
    """The server serves and ends as ever, and says in its log that it cannot export."""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "POSTGRAD_WORKERS": "0",
    }
    with live_server(tmp_path / "data", **variables) as (url, process):
        assert httpx.get(f"{url}/v1/info").status_code == 200
        process.terminate()
        assert process.wait(timeout=30) == 0
    told = [json.loads(line) for line in (tmp_path / "data.log").read_text().splitlines()]
    assert any(line["logger"].startswith("opentelemetry") for line in told)


def test_without_the_sdk_the_server_serves(tmp_path: Path) -> None:
    """With the variables but without the SDK, one warning says what is missing."""
    script = tmp_path / "without.py"
    script.write_text(
        "import sys, runpy\nsys.modules['opentelemetry.sdk'] = None\nrunpy.run_module('service', run_name='__main__')"
    )
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "POSTGRAD_WORKERS": "0"}
    with live_server(tmp_path / "data", main=(str(script),), **variables) as (url, _):
        assert httpx.get(f"{url}/healthz").status_code == 200
    (line,) = [json.loads(text) for text in (tmp_path / "data.log").read_text().splitlines() if '"warning"' in text]
    assert "Automatic OpenTelemetry export requires" in line["event"]


def test_off_by_default() -> None:
    """Without the variables, importing and making the application loads nothing of the SDK."""
    code = """
import sys
from service.app import create_app
from service.settings import Settings
app = create_app(Settings())
assert not app._native_telemetry.enabled()
print(*[name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.returncode) == ("", 0), run.stderr
