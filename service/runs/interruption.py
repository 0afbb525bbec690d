"""Whether a run is to stop, asked for while it is being measured."""

import time
from collections.abc import Callable
from contextlib import suppress

from service.errors import Busy
from service.store import lifecycle
from service.store.unit import Database


class Interruption:
    """Tells whether the server stops, or a cancel or a pause is asked for; looks into the database once in an interval.

    It raises Fenced when the run is another attempt's. A database that cannot be read is asked again after the interval.
    """

    def __init__(
        self, database: Database, run_id: str, attempt: int, stopping: Callable[[], bool], interval_seconds: float
    ) -> None:
        self._database, self._run_id, self._attempt = database, run_id, attempt
        self._stopping, self._interval = stopping, interval_seconds
        self._look_at = time.monotonic() + interval_seconds

    def __call__(self) -> bool:
        """Return whether to stop."""
        if self._stopping():
            return True
        if time.monotonic() < self._look_at:
            return False
        asked = None
        with suppress(Busy):
            asked = self._database.read(lambda db: lifecycle.asked(db, self._run_id, self._attempt))
        self._look_at = time.monotonic() + self._interval
        return asked is not None
