"""The server in this process, from the socket to a graceful end."""

import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from types import FrameType
from typing import Any

import uvicorn
import uvloop

from service import logs, memory
from service.api.metrics import Shared
from service.app import Part, create_app
from service.cli.configure import not_started
from service.cli.connections import Connections
from service.cli.deadline import Deadline
from service.cli.lifespan import lifespan
from service.cli.listen import listen, listen_with_others, protected, url_of
from service.cli.protocol import PatientProtocol
from service.executors.line import FarDispatcher
from service.settings import Settings
from service.stack import with_room


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    logs.configure(settings.log_level, settings.log_format)
    with closing(listen(settings.host, settings.port)) as listener:

        def say_where() -> None:
            sys.stdout.write(f"postgrad serves {url_of(listener)}\n")
            sys.stdout.flush()

        _run(settings, listener, create_app(protected(settings, listener)), say_where)


def run_part(settings: Settings, line: socket.socket, counts: Shared) -> None:
    """Do the same as one of several processes, at the end of a line to the one that places runs."""
    with closing(listen_with_others(settings.host, settings.port)) as listener:
        dispatcher = FarDispatcher(line)
        _run(settings, listener, create_app(settings, Part(dispatcher, counts)), dispatcher.ready)


def _run(settings: Settings, listener: socket.socket, app: Any, on_ready: Callable[[], None]) -> None:
    memory.keep_little_free()
    server = _Server(_config(settings, app), on_ready, Deadline(settings.shutdown_seconds))
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn has handlers of its own while it serves; these are for the time before, and for when it raises
        # the signal again at its end
        signal.signal(number, lambda *_: server.stop())
    try:
        with_room(lambda: uvloop.run(_serve(app, server, listener)))
    except Exception as error:
        if server.started:
            raise
        not_started(error)


async def _serve(app: Any, server: "_Server", listener: socket.socket) -> None:
    async with lifespan(app):
        await server.serve([listener])


class _Server(uvicorn.Server):
    """Says when it serves, and ends what waits when it stops."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], deadline: Deadline) -> None:
        super().__init__(config)
        self._app: Any = config.app
        self._on_ready, self._deadline = on_ready, deadline

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        self._deadline.begin()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams and waiting requests end: uvicorn would wait for them until its patience is over.

        The workers stop meanwhile: one time counts for both.
        """
        parts = self._app.state.parts
        parts.watch.stop()
        threading.Thread(target=parts.dispatcher.stop, name="stopping", daemon=True).start()
        await super().shutdown(sockets)

    def stop(self) -> None:
        """End in good order, as soon as possible."""
        self._deadline.begin()
        self.should_exit = True


def _config(settings: Settings, app: Any) -> uvicorn.Config:
    http = type("Protocol", (PatientProtocol,), {"header_seconds": settings.header_seconds, "limits": Connections(settings)})
    options: dict[str, Any] = {"http": http, "ws": "none", "lifespan": "off", "log_config": None, "server_header": False}
    return uvicorn.Config(
        app,
        access_log=False,
        timeout_graceful_shutdown=max(1, int(settings.shutdown_seconds)),
        proxy_headers=bool(settings.proxies),  # uvicorn believes whoever is on this machine
        forwarded_allow_ips=list(settings.proxies),
        **options,
    )
