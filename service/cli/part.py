"""One of several processes that answer requests."""

import logging
import multiprocessing
import os
import socket
import time
from contextlib import closing, suppress
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from service import logs
from service.executors.line import READY, WAKE, say
from service.parent import die_with
from service.settings import Settings

log = logging.getLogger(__name__)

BACKOFF_SECONDS = 0.2  # doubled each time that a process dies before it is ready
MAX_BACKOFF_SECONDS = 5.0
EXTRA_SECONDS = 1.0  # for a process to end, after the time that its requests have


class Part:
    """A process that answers requests, started anew when it has ended."""

    def __init__(self, number: int, settings: Settings, counts: Path) -> None:
        self._number, self._settings, self._counts = number, settings, counts
        self._context = multiprocessing.get_context("spawn")
        self._line: socket.socket | None = None
        self._process: BaseProcess | None = None
        self._failures, self._due = 0, 0.0
        self._until: float | None = None  # when it is killed
        self.ready = False

    def start(self) -> None:
        """Start the process, from the main thread: the kernel's death signal goes by threads."""
        mine, theirs = socket.socketpair()
        process = self._context.Process(
            target=_answer,
            args=(self._settings, theirs, self._number, self._counts, os.getpid()),
            name=f"postgrad-api-{self._number}",
            daemon=True,
        )
        with closing(theirs):
            process.start()
        self._line, self._process, self.ready = mine, process, False

    @property
    def sources(self) -> list[socket.socket | int]:
        """What becomes readable when it says something, or has ended."""
        found: list[socket.socket | int] = [] if self._line is None else [self._line]
        return found if self._process is None else [*found, self._process.sentinel]

    @property
    def ended(self) -> bool:
        """Whether there is no process now."""
        return self._process is None or self._process.exitcode is not None

    def tell(self, what: bytes) -> None:
        """Say something to the process; nobody waits until it has read it."""
        line = self._line
        if line is not None:
            say(line, what)

    def has_work(self) -> bool:
        """Read what the process has said; return whether it has stored something to do."""
        said = b""
        if self._line is not None and wait([self._line], 0):
            with suppress(ConnectionResetError):
                said = self._line.recv(65536)
            if not said:
                self._hang_up()
        self.ready = self.ready or READY in said
        return WAKE in said

    def keep(self) -> None:
        """Start the process anew if it has ended: at once, or after a pause if it did not get ready."""
        if self._process is not None and self._process.exitcode is not None:
            log.warning("%s ended with %s and is started anew", self._process.name, self._process.exitcode)
            self._failures = 0 if self.ready else self._failures + 1
            pause = min(BACKOFF_SECONDS * 2**self._failures, MAX_BACKOFF_SECONDS) if self._failures else 0.0
            self._due = time.monotonic() + pause
            self._hang_up()
            self._process = None
        if self._process is None and time.monotonic() >= self._due:
            self.start()

    def stop(self) -> None:
        """Ask the process to end what it does; one that is not ready does nothing yet."""
        if self._process is None or self._until is not None:
            return
        self._until = time.monotonic() + self._settings.shutdown_seconds + EXTRA_SECONDS
        if self.ready:
            self._process.terminate()
        else:
            self._process.kill()

    def join(self) -> None:
        """Wait for the process; kill it when its time is over."""
        if self._process is not None and self._until is not None:
            self._process.join(max(0.0, self._until - time.monotonic()))
            if self._process.exitcode is None:
                log.warning("%s did not stop in time and is killed", self._process.name)
                self._process.kill()
                self._process.join()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def _answer(settings: Settings, line: socket.socket, number: int, counts: Path, parent_pid: int) -> None:
    """Be a process that answers requests."""
    logs.configure(settings.log_level, settings.log_format)
    die_with(parent_pid)
    from service.api.metrics import Shared  # noqa: PLC0415 (the parent has no use for FastAPI: 23 MB)
    from service.cli.server import run_part  # noqa: PLC0415

    run_part(settings, line, Shared(counts, number))
