"""ASGI middleware around the whole application."""

import json
import re
from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import logs
from service.api.errors import body_too_large, document
from service.api.headers import STREAM, header, secure
from service.api.telemetry import trace
from service.domain import new_id
from service.settings import Settings

SANE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class RequestId:
    """Every response carries X-Request-ID: the client's, if it is sane, else a new one. Handlers find it in the scope.

    Lines of the log carry it too, and the `trace_id` of the trace that the request belongs to, if there is one. The security
    headers are added here as well, so that no answer goes without them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its id, and the response back with it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = (header(scope["headers"], b"x-request-id") or b"").decode("latin-1")
        scope["request_id"] = request_id = given if SANE.fullmatch(given) else new_id("req")
        logs.begin(request_id=request_id, **trace(scope))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [header for header in message["headers"] if header[0] != b"x-request-id"]
                headers.append((b"x-request-id", request_id.encode()))
                secure(headers)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_with_id)


class HeadAsGet:
    """HEAD is answered like GET for anybody, so without a stream, which would not end; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, HEAD as GET."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            headers = [(name, value) for name, value in scope["headers"] if name != b"accept" or STREAM not in value.lower()]
            scope = {**scope, "method": "GET", "headers": headers}
        await self._app(scope, receive, send)


class TooLargeProblem:
    """FastAPI refuses a body over the limit with plain text while it is read: make that a problem document."""

    def __init__(self, app: ASGIApp, settings: Settings, protocols: Mapping[str, Callable[[int, str], Response]]) -> None:
        """Wrap an application; `protocols` makes the errors of those paths that begin otherwise than ours."""
        self._app, self._detail, self._protocols = app, body_too_large(settings), protocols

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but a plain 413."""
        replacing = False

        async def send_problem(message: Message) -> None:
            nonlocal replacing
            if message["type"] == "http.response.start" and message["status"] == 413:
                headers = MutableHeaders(scope=message)
                replacing = not headers.get("content-type", "").startswith("application/problem+json")
                if replacing:
                    other = next((made for prefix, made in self._protocols.items() if scope["path"].startswith(prefix)), None)
                    body = other(413, self._detail).body if other else json.dumps(document(scope, 413, self._detail)).encode()
                    media = "application/json" if other else "application/problem+json"
                    headers.update({"content-type": media, "content-length": str(len(body))})
                    await send(message)
                    await send({"type": "http.response.body", "body": body})
                    return
            if not replacing:
                await send(message)

        await self._app(scope, receive, send_problem)
