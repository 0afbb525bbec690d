"""By which names this server may be asked."""

from starlette.types import ASGIApp, Receive, Scope, Send

from core.fields import show
from service.api.headers import header
from service.api.refusals import Protocols, refusal

SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = ("/", "/docs", "/healthz", "/readyz")
"""Pages that another site may link to, and probes."""
OPEN_FOLDERS = ("/docs/", "/web/")


class AllowedHosts:
    """Answer only requests for the hosts that this server goes by, and change nothing for pages that are not its own.

    A page on the web can have its own name resolve to an address of this machine, and would then be of the same origin as
    this server (DNS rebinding). Its requests still carry its name, in the Host header. And a page may send a form, or an
    empty POST, to any other origin without being asked; browsers say whose it is in the Origin header. A GET of an image or
    of a script has no Origin, but costs work all the same; browsers say in Sec-Fetch-Site that it is of another site.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], named: tuple[str, ...], protocols: Protocols) -> None:
        """Take the hosts to answer for, and those of them that were named: a proxy may make another Host out of them."""
        self._app, self._hosts, self._named, self._protocols = app, frozenset(hosts), frozenset(named), protocols

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes for one of the hosts, and to change something only from a page of this server or from none."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host, origin = (_text(scope, name) for name in (b"host", b"origin"))  # every browser sends a Host
        if host is not None and "*" not in self._hosts and _name(host) not in self._hosts:
            detail = (
                f"this server does not go by the host {show(host)[1:-1]}; POSTGRAD_ALLOWED_HOSTS names hosts that it may go by"
            )
            await refusal(self._protocols, scope, 421, detail, "unknown_host")(scope, receive, send)
        elif origin is not None and scope["method"] not in SAFE and not self._own(origin, host):
            detail = f"a page of {show(origin)[1:-1]} may not change anything here; POSTGRAD_ALLOWED_HOSTS names hosts that may"
            await refusal(self._protocols, scope, 403, detail, "other_origin")(scope, receive, send)
        elif _text(scope, b"sec-fetch-site") == "cross-site" and not _open(scope) and not self._own(origin or "", host):
            detail = "a page of another site may not ask for this; POSTGRAD_ALLOWED_HOSTS names hosts that may"
            await refusal(self._protocols, scope, 403, detail, "other_origin")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _own(self, origin: str, host: str | None) -> bool:
        place = origin.partition("://")[2].lower()
        return place == (host or "").lower() or _name(place) in self._named


def _open(scope: Scope) -> bool:
    return scope["path"] in OPEN or (scope["path"].startswith(OPEN_FOLDERS) and scope["method"] in SAFE)


def _text(scope: Scope, name: bytes) -> str | None:
    given = header(scope["headers"], name)
    return None if given is None else given.decode("latin-1")


def _name(host: str) -> str:
    """Return a Host header without its port: `[::1]:8000` is `[::1]`."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
