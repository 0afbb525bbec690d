"""The server in this process, from the socket to a graceful end."""

import asyncio
import errno
import signal
import socket
import sys
from contextlib import closing
from ipaddress import ip_address
from typing import Any

import uvicorn

from service import logs
from service.app import create_app
from service.cli.configure import not_started
from service.cli.lifespan import lifespan
from service.cli.protocol import PatientProtocol
from service.cli.talk import fail, note
from service.settings import Settings
from service.stack import with_room

MAX_HEADER_BYTES = 65536


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    logs.configure(settings.log_level, settings.log_format)
    with closing(_bind(settings.host, settings.port)) as listener:
        app = create_app(_protected(settings, listener))
        server = _Server(_config(settings, app), _url(listener))
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn has handlers of its own while it serves; these are for the time before, and for when it raises
            # the signal again at its end
            signal.signal(number, lambda *_: server.stop())
        try:
            with_room(lambda: asyncio.run(_serve(app, server, listener)))
        except Exception as error:
            if server.started:
                raise
            not_started(error)


async def _serve(app: Any, server: "_Server", listener: socket.socket) -> None:
    async with lifespan(app):
        await server.serve([listener])


class _Server(uvicorn.Server):
    """Says on stdout where it serves, once it does, and ends what waits when it stops."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._app: Any = config.app
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        sys.stdout.write(f"postgrad serves {self._url}\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams and waiting requests end: uvicorn would wait for them until its patience is over."""
        self._app.state.parts.watch.stop()
        await super().shutdown(sockets)

    def stop(self) -> None:
        """End in good order, as soon as possible."""
        self.should_exit = True


def _config(settings: Settings, app: Any) -> uvicorn.Config:
    http = type("Protocol", (PatientProtocol,), {"header_seconds": settings.header_seconds})
    options: dict[str, Any] = {"http": http, "ws": "none", "lifespan": "off", "log_config": None, "server_header": False}
    return uvicorn.Config(
        app,
        access_log=False,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_graceful_shutdown=max(1, int(settings.shutdown_seconds)),
        **options,
    )


def _bind(host: str, port: int) -> socket.socket:
    """Return a bound socket."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.create_server(address[:2], family=family)
        # asyncio would set it only on sockets that name their protocol, as these do not: 45 against 3 ms a request.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        fail(
            f"port {port} on {host} is in use" if taken else f"cannot listen on {host}, port {port}: {error.strerror}",
            hint="another server may be running; --port 0 takes a free port" if taken else None,
        )
    return bound


def _protected(settings: Settings, listener: socket.socket) -> Settings:
    """Require a key where other machines reach the server; warn if the operator has said that there shall be none."""
    address, port, *_ = listener.getsockname()
    if ip_address(address).is_loopback or settings.require_key:
        return settings
    if settings.require_key is False:
        note(f"warning: listening on {settings.host} without a key: whoever reaches port {port} can use it, until there is one")
        return settings
    return settings.model_copy(update={"require_key": True})


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
