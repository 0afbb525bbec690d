"""OpenTelemetry: FastAPI's own, and the trace that a request belongs to.

FastAPI makes spans and metrics of requests when the SDK is installed (`pip install postgrad[otel]`) and
OTEL_EXPORTER_OTLP_ENDPOINT, or one of its kin, says where they go. Otherwise it costs nothing.
"""

from fastapi.telemetry import TelemetryConfig
from opentelemetry import propagate
from opentelemetry.trace import format_trace_id, get_current_span
from starlette.datastructures import Headers
from starlette.types import Scope

from service.api.headers import header

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def config() -> TelemetryConfig:
    """Return what to export: no probe, and no logs, whose exceptions could quote what a client sent."""
    return {"auto_configure": True, "logs": False, "exclude": lambda scope: scope["path"] in PROBES}


def trace(scope: Scope) -> dict[str, str]:
    """Return the `trace_id` of a request, that of its W3C `traceparent` header or of the span that was begun; {} if none."""
    context = get_current_span().get_span_context()
    if not context.is_valid:
        if header(scope["headers"], b"traceparent") is None:
            return {}
        context = get_current_span(propagate.extract(Headers(scope=scope))).get_span_context()
    return {"trace_id": format_trace_id(context.trace_id)} if context.is_valid else {}
