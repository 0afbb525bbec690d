"""`postgrad serve --processes N`: one process that places runs, and N that answer requests (docs/decisions/0015)."""

import logging
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import wait

from service import logs
from service.cli.configure import not_started
from service.cli.listen import protected, reserve, url_of
from service.cli.part import Part
from service.executors.exclusive import exclusive
from service.executors.line import Placing, say, state
from service.settings import Settings

log = logging.getLogger(__name__)

TELL_SECONDS = 0.5


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    logs.configure(settings.log_level, settings.log_format)
    with closing(reserve(settings.host, settings.port)) as reserved:
        settings = settings.model_copy(update={"port": reserved.getsockname()[1]})
        server = Server(protected(settings, reserved))
        try:
            server.run(url_of(reserved))
        except Exception as error:
            if server.started:
                raise
            not_started(error)


class Server:
    """The parent of all processes: it has the data directory and the workers, and no connection of a client."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.started = False
        self._stopping = False
        self._bell, self._cord = socket.socketpair()  # what a signal wakes the loop with
        self._parts: list[Part] = []

    def run(self, url: str) -> None:
        """Start everything, say where it serves, watch over it, end it."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop())
        with exclusive(self._settings.data_dir, self._settings.url), self._answering():
            # Loaded while the parts load: 0.7 s.
            from service.executors.dispatcher import Dispatcher  # noqa: PLC0415
            from service.executors.placing import placing  # noqa: PLC0415
            from service.runs.api_keys import Keyring  # noqa: PLC0415
            from service.store.unit import Database  # noqa: PLC0415

            floor = self._settings.min_free_bytes
            database = Database(self._settings.url, min_free_bytes=floor, spends_reserve=True)
            keyring = Keyring(database, required=bool(self._settings.require_key))
            dispatcher = Dispatcher(database, self._settings, on_free=lambda: self._tell(dispatcher))
            with closing(database), placing(dispatcher, keyring, database):
                self._watch_over(dispatcher, url)
                for part in self._parts:  # streams come to their end while workers commit
                    part.stop()

    def _stop(self) -> None:
        self._stopping = True
        say(self._cord, b".")

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Start the parts, which load what they need while the database is made ready; end them after the block."""
        counts = self._settings.data_dir / "metrics"
        shutil.rmtree(counts, ignore_errors=True)
        counts.mkdir(mode=0o700)
        self._parts = [Part(number, self._settings, counts) for number in range(1, self._settings.processes + 1)]
        try:
            for part in self._parts:
                part.start()
            yield
        finally:
            for part in self._parts:
                part.stop()
            for part in self._parts:
                part.join()

    def _tell(self, dispatcher: Placing) -> None:
        for part in self._parts:
            part.tell(state(dispatcher))

    def _watch_over(self, dispatcher: Placing, url: str) -> None:
        while not self._stopping:
            self._tell(dispatcher)
            wait([self._bell, *(source for part in self._parts for source in part.sources)], TELL_SECONDS)
            for part in self._parts:
                if part.has_work():
                    dispatcher.wake()
                if part.ended and not self.started:
                    raise RuntimeError("a process that answers requests has ended before it was ready; the log says why")
                part.keep()
            if not self.started and all(part.ready for part in self._parts):
                self.started = True
                sys.stdout.write(f"postgrad serves {url}\n")
                sys.stdout.flush()
                log.info("%d processes answer requests, %d workers", len(self._parts), self._settings.workers)
