"""The protocol in front of the application: its routes, and its own shape of an error."""

import json
import logging
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import CoreError
from service.api.errors import RETRYABLE, status_of
from service.api.headers import allow
from service.api.openinference import routes
from service.api.openinference.statistics import Statistics
from service.errors import ServiceError
from service.memory import release_frames

log = logging.getLogger(__name__)

PREFIX = "/v2"
Endpoint = Callable[[Request], Awaitable[Response]]


class Route:
    """A method and a path with an endpoint; `{name}` in a path is one step of it."""

    def __init__(self, method: str, path: str, endpoint: Endpoint) -> None:
        self.method, self.path, self.endpoint = method, path, endpoint
        self.pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))


def _both(method: str, end: str, endpoint: Endpoint) -> list[Route]:
    """Return the routes of a model and of its versions."""
    return [Route(method, f"/v2/models/{{name}}{middle}{end}", endpoint) for middle in ("", "/versions/{version}")]


ROUTES = [  # what is asked most stands first
    *_both("POST", "/infer", routes.infer),
    Route("GET", "/v2", routes.server),
    Route("GET", "/v2/health/live", routes.live),
    Route("GET", "/v2/health/ready", routes.server_ready),
    Route("GET", "/v2/models/stats", routes.all_statistics),
    *_both("GET", "", routes.metadata),
    *_both("GET", "/ready", routes.model_ready),
    *_both("GET", "/config", routes.configuration),
    *_both("GET", "/stats", routes.model_statistics),
    Route("POST", "/v2/repository/index", routes.index),
]


class OpenInference:
    """Answers everything below /v2 and hands on the rest.

    FastAPI's routes cost a request 53 µs more than a bare one of Starlette: 270 instead of 217, HTTP included.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._statistics: defaultdict[str, Statistics] = defaultdict(Statistics)  # by owner: others' counts are not told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)
            return
        scope["statistics"] = self._statistics[scope["actor"].owner]
        try:
            response = await _endpoint(scope)(Request(scope, receive))
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 (the last one who can answer)
            response = _error(scope, error)
            release_frames(error)
        await response(scope, receive, send)


def _endpoint(scope: Scope) -> Endpoint:
    """Return what answers a path, and leave route and parameters in the scope; raise HTTPException if there is nothing."""
    path, method = scope["path"], scope["method"].replace("HEAD", "GET")
    path = PREFIX if path == f"{PREFIX}/" else path
    allowed = []
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match is not None:
            if route.method == method:
                scope["path_params"], scope["route"] = match.groupdict(), route
                return route.endpoint
            allowed.append(route.method)
    if allowed:
        headers = {"Allow": allow(allowed)}
        raise HTTPException(405, f"{scope['method']} is not allowed on {path[:200]}", headers)
    raise HTTPException(404, f"there is no route {path[:200]}")


def _error(scope: Scope, error: Exception) -> Response:
    """Answer an error as the protocol does: `{"error": "…"}`; what is wrong with a request is 400."""
    status, detail, headers = 500, "the server made a mistake; the request id finds it in the log", {}
    if isinstance(error, HTTPException):
        status, detail, headers = error.status_code, str(error.detail), dict(error.headers or {})
    elif isinstance(error, ServiceError | CoreError):
        status, detail = status_of(error), str(error)
        status = 400 if status == 422 else status
    else:
        log.error("request %s failed", scope.get("request_id"), exc_info=error)
    return failure(status, detail, headers)


def failure(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with an error of the protocol."""
    retry = {"Retry-After": "1"} if status in RETRYABLE else {}
    return Response(json.dumps({"error": detail}), status, {**retry, **(headers or {})}, media_type="application/json")
