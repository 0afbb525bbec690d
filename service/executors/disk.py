"""Watches the room on the disk: tells the log of each change, and keeps the reserve."""

import logging

from service.store.room import Reserve
from service.store.unit import Database

log = logging.getLogger(__name__)


class Disk:
    """The disk of a database as it was at the last look."""

    def __init__(self, database: Database) -> None:
        self._database, self._reserve = database, Reserve(database.url)
        self.low = False
        """Whether there is less room than is kept free: runs wait."""

    def look(self) -> None:
        """Look again; raise Busy if the database cannot be read."""
        room = self._database.room()
        low = room.lacks()
        if low and not self.low:
            log.warning("the disk is nearly full, runs wait and new ones are refused: %s", room.told)
        if self.low and not low:
            log.warning("the disk has room again, runs go on: %s", room.told)
        self.low = low
        self._reserve.keep(room)
