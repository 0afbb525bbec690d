"""The line between the process that places runs and one that answers requests: a socket pair, never waited for when writing.

Towards the dispatcher goes a byte for each thing; from it, a line with its state: whenever that has changed, whenever a worker
is free, and every half second. A process that is stopped or hangs holds up nobody: what does not fit is left out, and the
other side has enough to read already.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

READY, WAKE = b"r", b"w"
"""What a process that answers requests says: it accepts connections, there is work."""
SILENCE_SECONDS = 3.0  # after which the dispatcher counts as lost


class Placing(Protocol):
    """What the API knows of the dispatcher, be it in this process or at the end of a line."""

    def wake(self) -> None:
        """Look for work now."""

    def stop(self) -> None:
        """Stop placing runs, if they are placed from this process; running ones go back to the queue."""

    @property
    def alive(self) -> bool:
        """Whether runs are being placed."""

    @property
    def workers_alive(self) -> int:
        """Number of worker processes that there are now."""

    @property
    def workers_silent(self) -> int:
        """Number of workers that hang and are not replaced yet."""

    @property
    def workers_hung(self) -> int:
        """Number of workers that hung and were killed, since the start."""


def say(line: socket.socket, what: bytes) -> None:
    """Write, unless the other side does not read or is gone."""
    with suppress(OSError):
        line.send(what, socket.MSG_DONTWAIT)


def state(dispatcher: Placing) -> bytes:
    """Return the line that tells the state of a dispatcher."""
    return b"%d %d %d %d\n" % (dispatcher.alive, dispatcher.workers_alive, dispatcher.workers_silent, dispatcher.workers_hung)


class FarDispatcher:
    """The dispatcher of another process."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._state = (False, 0, 0, 0)
        self._heard_at = 0.0
        self._first = threading.Event()
        self._on_news: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._listen, name="line", daemon=True)

    def start(self, on_news: Callable[[], None]) -> None:
        """Wait until the dispatcher is there; `on_news` is called from then on whenever a run may have ended."""
        self._on_news = on_news
        self._thread.start()
        self._first.wait()

    def ready(self) -> None:
        """Say that this process accepts connections."""
        say(self._line, READY)

    def wake(self) -> None:
        """Look for work now."""
        say(self._line, WAKE)

    def stop(self) -> None:
        """Leave it to the process that places runs."""

    @property
    def alive(self) -> bool:
        """Whether runs are being placed, as far as has been heard."""
        return self._state[0] and time.monotonic() - self._heard_at < SILENCE_SECONDS

    @property
    def workers_alive(self) -> int:
        """Number of worker processes that there were half a second ago."""
        return self._state[1]

    @property
    def workers_silent(self) -> int:
        """Number of workers that hung half a second ago and were not replaced."""
        return self._state[2]

    @property
    def workers_hung(self) -> int:
        """Number of workers that hung and were killed, since the start."""
        return self._state[3]

    def _listen(self) -> None:
        while said := self._line.recv(65536):
            alive, *workers = map(int, said.splitlines()[-1].split())
            self._state, self._heard_at = (bool(alive), workers[0], workers[1], workers[2]), time.monotonic()
            self._first.set()
            self._on_news()
        os.kill(os.getpid(), signal.SIGTERM)  # nobody is left to answer requests for
        self._first.set()
