"""How long a body is, is said once."""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.refusals import Protocols, refusal

TWICE = "both Content-Length and Transfer-Encoding say where the body ends: send one of them"


class OneLength:
    """Refuse a request with two lengths, and end its connection.

    A proxy may go by the one and this server by the other: what follows would be a request of somebody else (smuggling).
    """

    def __init__(self, app: ASGIApp, protocols: Protocols) -> None:
        self._app, self._protocols = app, protocols

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request with one length or none."""
        if scope["type"] == "http":
            names = [name for name, _ in scope["headers"]]
            if b"transfer-encoding" in names and b"content-length" in names:
                refused = refusal(self._protocols, scope, 400, TWICE, "malformed", {"Connection": "close"})
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)
