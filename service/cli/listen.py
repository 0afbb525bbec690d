"""Sockets that a server listens on."""

import errno
import socket
from ipaddress import ip_address
from typing import NoReturn

from service.cli.talk import fail, note
from service.settings import Settings


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens."""
    try:
        family, address = _resolve(host, port)
        return _at_once(socket.create_server(address, family=family))
    except OSError as error:
        _cannot(error, host, port)


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that keeps a port for processes of this user which share it, and does not listen."""
    try:
        family, address = _resolve(host, port)
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        _cannot(error, host, port)
    # Only now: before, another server that shares the port would have been no reason to refuse it.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return bound


def listen_with_others(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a reserved port; the kernel deals connections out among those who do."""
    family, address = _resolve(host, port)
    return _at_once(socket.create_server(address, family=family, reuse_port=True))


def url_of(bound: socket.socket) -> str:
    """Return the URL of a socket."""
    host, port, *_ = bound.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def protected(settings: Settings, bound: socket.socket) -> Settings:
    """Require a key where other machines reach the server; warn if the operator has said that there shall be none."""
    address, port, *_ = bound.getsockname()
    if ip_address(address).is_loopback or settings.require_key:
        return settings
    if settings.require_key is False:
        note(f"warning: listening on {settings.host} without a key: whoever reaches port {port} can use it, until there is one")
        return settings
    return settings.model_copy(update={"require_key": True})


def _resolve(host: str, port: int) -> tuple[int, tuple[str, int]]:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return family, (str(address[0]), int(address[1]))


def _at_once(listener: socket.socket) -> socket.socket:
    # asyncio would set it only on sockets that name their protocol, as these do not: 45 against 3 ms a request.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _cannot(error: OSError, host: str, port: int) -> NoReturn:
    taken = error.errno == errno.EADDRINUSE
    fail(
        f"port {port} on {host} is in use" if taken else f"cannot listen on {host}, port {port}: {error.strerror}",
        hint="another server may be running; --port 0 takes a free port" if taken else None,
    )
