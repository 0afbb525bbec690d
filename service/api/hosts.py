"""By which names this server may be asked."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.fields import show
from service.api.errors import problem


class AllowedHosts:
    """Answer only requests for the hosts that this server goes by.

    A page on the web can have its own name resolve to an address of this machine, and would then be of the same origin as
    this server (DNS rebinding). Its requests still carry its name, in the Host header.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self._app, self._hosts = app, frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request for one of the hosts; refuse any other."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        host = Headers(scope=scope).get("host")
        if host is None or "*" in self._hosts or _name(host) in self._hosts:  # every browser sends one
            await self._app(scope, receive, send)
            return
        detail = f"this server does not go by the host {show(host)[1:-1]}; POSTGRAD_ALLOWED_HOSTS names hosts that it may go by"
        await problem(Request(scope), 421, detail)(scope, receive, send)


def _name(host: str) -> str:
    """Return a Host header without its port: `[::1]:8000` is `[::1]`."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
