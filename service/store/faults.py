"""Faults of the medium: logged as errors, and remembered, for they show only where somebody reads or writes."""

import logging
import time

from service.errors import Busy, Damaged

log = logging.getLogger(__name__)

FAULTY, DAMAGED = ("I/O error",), ("disk image is malformed", "is not a database")  # in SQLite's words
REMEMBERED_SECONDS = 60.0
"""An I/O error may be over; a damaged page does not heal."""
QUIET_SECONDS = 10.0
"""The same fault is logged so often."""


class Faults:
    """What a process has seen of its database's file."""

    def __init__(self) -> None:
        self._damaged = False
        self._seen_at = self._told_at = float("-inf")

    @property
    def present(self) -> bool:
        """Whether the file cannot be relied on now."""
        return self._damaged or time.monotonic() - self._seen_at < REMEMBERED_SECONDS

    def see(self, text: str) -> Busy | None:
        """Take a message of SQLite; if it tells of a fault, log it and return the error to raise."""
        damaged = any(sign in text for sign in DAMAGED)
        if not damaged and not any(sign in text for sign in FAULTY):
            return None
        now = time.monotonic()
        if now - self._told_at >= QUIET_SECONDS or (damaged and not self._damaged):
            self._told_at = now
            log.error("the file of the database is at fault: %s; `postgrad doctor` examines it", text)
        self._seen_at, self._damaged = now, self._damaged or damaged
        if damaged:
            return Damaged(f"the database is damaged: {text}; restore a backup")
        return Busy(f"the database cannot be used now: {text}")
