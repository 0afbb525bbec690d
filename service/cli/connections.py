"""Limits on the connections of a process: how many, from where, and how long an answer may go unread."""

import asyncio
import logging
import resource
import socket
from collections import Counter
from ipaddress import IPv6Address, ip_address, ip_network

from service.settings import Settings

log = logging.getLogger(__name__)

MOST = 10_000
MOST_FILES = 65_536
OTHER_FILES = 128
"""Descriptors for the database, workers and modules: 30 are open in an idle server, 60 in a busy one."""
LOOK_SECONDS = 1.0
WARN_SECONDS = 10.0
BYTES_ACKED = slice(120, 128)  # of Linux' struct tcp_info, since 4.1


class Connections:
    """The open connections of a process. Its look at all of them costs 1 µs each, once a second, and requests nothing."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.max_connections or _room()
        self._most_of_one = settings.max_connections_per_address
        self._many = tuple(map(ip_network, settings.proxies))  # each stands for many clients
        self._seconds = settings.answer_seconds
        self._open: dict[asyncio.Transport, str] = {}
        self._of_one: Counter[str] = Counter()
        self._unread: dict[asyncio.Transport, tuple[float, int]] = {}  # since when, and what had been read then
        self._warned = -WARN_SECONDS
        self._timer: asyncio.TimerHandle | None = None

    def add(self, transport: asyncio.Transport) -> str | None:
        """Take a connection; return why not if there are too many."""
        loop = asyncio.get_running_loop()
        address, most_of_one = self._place(transport)
        if why := self._refusal(address, most_of_one):
            if loop.time() - self._warned >= WARN_SECONDS:
                self._warned = loop.time()
                log.warning("connections are refused: %s", why)
            return why
        self._open[transport] = address
        self._of_one[address] += 1
        if self._timer is None:
            self._timer = loop.call_later(LOOK_SECONDS, self._look, loop)
        return None

    def discard(self, transport: asyncio.Transport) -> None:
        """Forget a connection."""
        address = self._open.pop(transport, None)
        self._unread.pop(transport, None)
        if address is not None:
            self._of_one[address] -= 1
            if not self._of_one[address]:
                del self._of_one[address]

    def _refusal(self, address: str, most_of_one: int) -> str | None:
        if len(self._open) >= self._most:
            return f"{self._most} connections are open, as many as this server allows (POSTGRAD_MAX_CONNECTIONS)"
        if self._of_one[address] >= most_of_one:
            told = f"{most_of_one} connections of this address are open"
            return f"{told}, as many as this server allows (POSTGRAD_MAX_CONNECTIONS_PER_ADDRESS)"
        return None

    def _place(self, transport: asyncio.Transport) -> tuple[str, int]:
        """Return where a connection comes from, of IPv6 the network of one site, and how many may."""
        peer = transport.get_extra_info("peername")
        if not isinstance(peer, tuple):  # it has gone again
            return "", self._most
        address = ip_address(peer[0].partition("%")[0])
        place = str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else peer[0]
        if any(address in network for network in self._many):
            return place, self._most
        return place, self._most_of_one or (self._most if address.is_loopback else max(1, self._most // 2))

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End connections whose client has read nothing for too long of what waits for it."""
        moment = loop.time()
        for transport in list(self._open):
            if not transport.get_write_buffer_size():
                self._unread.pop(transport, None)
                continue
            read = _read(transport)
            since, before = self._unread.get(transport, (moment, -1))
            if read != before:
                self._unread[transport] = moment, read
            elif moment - since > self._seconds:
                transport.abort()
        self._timer = loop.call_later(LOOK_SECONDS, self._look, loop) if self._open else None


def _read(transport: asyncio.Transport) -> int:
    """Return how many bytes the client's machine has acknowledged; elsewhere than on Linux, how many wait."""
    try:
        told = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_ACKED.stop)
    except (AttributeError, OSError):
        return transport.get_write_buffer_size()
    return int.from_bytes(told[BYTES_ACKED], "little") if len(told) == BYTES_ACKED.stop else transport.get_write_buffer_size()


def _room() -> int:
    """Return how many connections the limit of open files leaves, which is raised as far as it may; two each, for uploads."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    files = most if soft == resource.RLIM_INFINITY else soft
    return min(MOST, max(16, (files - OTHER_FILES) // 2))
