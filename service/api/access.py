"""One line of the log and one count for each request."""

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.headers import STREAM, header
from service.api.metrics import Metrics

log = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
OPENAPI = "/openapi.json"  # FastAPI's own, which names itself nowhere
CLIENT_GONE = 499
ADDRESS = re.compile(r"[0-9A-Fa-f.:]{2,45}")


class Access:
    """Tells of each request when it is over: method, template of the route, status and time, never what was in it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and measure it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, streams = time.perf_counter(), CLIENT_GONE, False

        async def send_noted(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = (header(message["headers"], b"content-type") or b"").startswith(STREAM)
                if streams:
                    self._metrics.streams.inc()
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception:
            status = 500
            raise
        finally:
            if streams:
                self._metrics.streams.dec()
            self._tell(scope, status, time.perf_counter() - begun)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        route = template(scope)
        self._metrics.request(method, route, status, seconds)
        if not log.isEnabledFor(logging.INFO):
            return
        client = (scope.get("client") or ("",))[0]  # behind a trusted proxy, what X-Forwarded-For says
        fields = {"method": method, "route": route, "status": status, "duration_ms": round(seconds * 1000, 2)}
        log.info("request", extra={**fields, "client": client if ADDRESS.fullmatch(client) else None, **_key(scope)})


def _key(scope: Scope) -> dict[str, str]:
    """Name the API key of a request by its id, if it came with one."""
    return {"key_id": scope["key_id"]} if scope.get("key_id") else {}


def template(scope: Scope) -> str:
    """Return the path of the route as it is declared; one word for all paths that lead nowhere, of which there is no end."""
    path = OPENAPI if scope["path"] == OPENAPI else getattr(scope.get("route"), "path", None)
    return OTHER if path is None else scope.get("root_path", "") + path
