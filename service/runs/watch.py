"""Wait for a run to change, at a cost that does not grow with the number of those who wait."""

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.actor import NOBODY
from service.domain import Run
from service.errors import Busy, TooManyStreams
from service.store import runs
from service.store.runs import Version
from service.store.unit import Database

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05


def same(run: Run, other: Run) -> bool:
    """Return whether a run is as it was."""
    return _version(run) == _version(other)


def _version(run: Run) -> Version:
    return run.last_event, run.updated_at


@dataclass(eq=False)
class _Waiter:
    """Somebody who has seen a version of a run, and waits on an event loop for another."""

    run_id: str
    seen: Version
    loop: asyncio.AbstractEventLoop
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        with contextlib.suppress(RuntimeError):  # its loop has ended
            self.loop.call_soon_threadsafe(self.changed.set)


class Watch:
    """One thread that looks at the versions of all awaited runs in one query: every 50 ms, and when a worker has finished.

    Workers are other processes, so what they do is seen in the database. Nobody waits: nothing is read. 100 who wait cost
    one query of 0.4 ms each time, and no thread.
    """

    def __init__(self, database: Database, seats: int, seats_of_one: int) -> None:
        self._database, self._seats, self._seats_of_one = database, seats, seats_of_one
        self._taken: Counter[str] = Counter()
        self._waiters: set[_Waiter] = set()
        self._lock = threading.Lock()
        self._due = threading.Event()
        self.stopping = False
        self._thread = threading.Thread(target=self._loop, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def look(self) -> None:
        """Look now."""
        self._due.set()

    def stop(self) -> None:
        """Wake all who wait, for good: nobody waits from now on."""
        with self._lock:
            self.stopping = True
            for waiter in self._waiters:
                waiter.tell()
        self._due.set()

    def close(self) -> None:
        """Stop, and let go of the database."""
        self.stop()
        self._thread.join()

    @contextmanager
    def seat(self, owner: str) -> Iterator[None]:
        """Take one of the places of those who wait, from the event loop; raise TooManyStreams if there is none."""
        if self._seats <= 0:
            raise TooManyStreams("as many clients follow runs as this server allows (POSTGRAD_MAX_STREAMS): try again later")
        if self.full(owner):
            told = "as many clients with this key follow runs as this server allows (POSTGRAD_MAX_STREAMS_PER_KEY)"
            raise TooManyStreams(f"{told}: try again later")
        self._seats -= 1
        self._taken[owner] += 1
        try:
            yield
        finally:
            self._seats += 1
            self._taken[owner] -= 1

    def full(self, owner: str) -> bool:
        """Whether no more can wait, or none of this owner; nobody has no limit of their own."""
        return self._seats <= 0 or (owner != NOBODY and self._taken[owner] >= self._seats_of_one)

    async def change(self, run: Run, seconds: float) -> bool:
        """Return True when a run is no longer as given, False after some seconds or when the server stops."""
        waiter = _Waiter(run.id, _version(run), asyncio.get_running_loop())
        with self._lock:
            if self.stopping:
                return False
            if not self._waiters:
                self._due.set()  # the thread sleeps
            self._waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter.changed.wait()
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._waiters.discard(waiter)
        return not self.stopping

    def _loop(self) -> None:
        while not self.stopping:
            self._due.wait(POLL_SECONDS if self._waiters else None)
            self._due.clear()
            try:
                self._tell_changed()
            except Busy as error:
                log.warning("cannot look at runs now: %s", error)
            except Exception:  # whatever it is, those who wait must not wait in vain when it is over
                log.exception("looking at runs failed and is tried again")

    def _tell_changed(self) -> None:
        with self._lock:
            waiters = list(self._waiters)
        if waiters:
            ids = list({waiter.run_id for waiter in waiters})
            present = self._database.read(lambda db: runs.versions(db, ids))
            for waiter in waiters:
                if present.get(waiter.run_id) != waiter.seen:
                    waiter.tell()
