"""Sockets that a server listens on."""

import errno
import socket
from ipaddress import ip_address
from typing import NoReturn

from service.cli.talk import fail, note


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; warn if it can be reached from elsewhere."""
    try:
        family, address = _resolve(host, port)
        return _at_once(_warned(socket.create_server(address, family=family), host))
    except OSError as error:
        _cannot(error, host, port)


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that keeps a port for processes of this user which share it, and does not listen; warn likewise."""
    try:
        family, address = _resolve(host, port)
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        _cannot(error, host, port)
    # Only now: before, another server that shares the port would have been no reason to refuse it.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return _warned(bound, host)


def listen_with_others(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a reserved port; the kernel deals connections out among those who do."""
    family, address = _resolve(host, port)
    return _at_once(socket.create_server(address, family=family, reuse_port=True))


def url_of(bound: socket.socket) -> str:
    """Return the URL of a socket."""
    host, port, *_ = bound.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _resolve(host: str, port: int) -> tuple[int, tuple[str, int]]:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return family, (str(address[0]), int(address[1]))


def _at_once(listener: socket.socket) -> socket.socket:
    # asyncio would set it only on sockets that name their protocol, as these do not: 45 against 3 ms a request.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _warned(bound: socket.socket, host: str) -> socket.socket:
    if not ip_address(bound.getsockname()[0]).is_loopback:
        note(f"warning: listening on {host} without authentication: whoever reaches port {bound.getsockname()[1]} can use it")
    return bound


def _cannot(error: OSError, host: str, port: int) -> NoReturn:
    taken = error.errno == errno.EADDRINUSE
    fail(
        f"port {port} on {host} is in use" if taken else f"cannot listen on {host}, port {port}: {error.strerror}",
        hint="another server may be running; --port 0 takes a free port" if taken else None,
    )
