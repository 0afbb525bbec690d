"""Deletes what is left of deleted runs, a piece at a time."""

import logging
import threading
import time

from service.errors import Busy
from service.store import deletion
from service.store.unit import Database

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
REST_SECONDS = 0.01
"""Least pause between two pieces. Each pause is as long as the piece before it: who waits for the lock asks every 10 ms."""
RETRY_SECONDS = 5.0
"""Pause after a failure, as on a full disk."""


class Deleting:
    """One thread that looks for deleted runs every half second, those of other processes and of earlier servers included."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="deleting", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the present piece; the next server goes on."""
        self._stopping.set()
        self._thread.join(4 * POLL_SECONDS)

    def _loop(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            begun = time.perf_counter()
            try:
                more = self._piece()
            except Busy as error:
                log.warning("what is left of deleted runs cannot be deleted now: %s", error)
                pause = RETRY_SECONDS
            except Exception:  # whatever it is, rows must not stay when it is over
                log.exception("deleting runs failed and is tried again")
                pause = RETRY_SECONDS
            else:
                pause = max(REST_SECONDS, time.perf_counter() - begun) if more else POLL_SECONDS

    def _piece(self) -> bool:
        """Delete a piece of a run; return whether there was one."""
        run_id = self._database.read(deletion.first)
        if run_id is not None:
            self._database.write(lambda db: deletion.piece(db, run_id))
        return run_id is not None
