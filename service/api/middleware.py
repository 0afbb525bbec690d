"""ASGI middleware around the whole application."""

import json
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import body_too_large, document
from service.domain import new_id
from service.settings import Settings

SANE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class RequestId:
    """Every response carries X-Request-ID: the client's, if it is sane, else a new one. Handlers find it in the scope."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its id, and the response back with it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        scope["request_id"] = given if SANE.fullmatch(given) else new_id("req")

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", scope["request_id"].encode())]
            await send(message)

        await self._app(scope, receive, send_with_id)


class TooLargeProblem:
    """FastAPI refuses a body over the limit with plain text while it is read: make that a problem document."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._detail = app, body_too_large(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but a plain 413."""
        replacing = False

        async def send_problem(message: Message) -> None:
            nonlocal replacing
            if message["type"] == "http.response.start" and message["status"] == 413:
                headers = MutableHeaders(scope=message)
                replacing = not headers.get("content-type", "").startswith("application/problem+json")
                if replacing:
                    body = json.dumps(document(scope, 413, self._detail)).encode()
                    headers.update({"content-type": "application/problem+json", "content-length": str(len(body))})
                    await send(message)
                    await send({"type": "http.response.body", "body": body})
                    return
            if not replacing:
                await send(message)

        await self._app(scope, receive, send_problem)
