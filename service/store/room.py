"""Room on the disk of the database: a floor below which nothing large is begun, and a reserve for small writes."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from service.errors import DiskFull
from service.store.files import file_of

MIB = 1024 * 1024
FLOOR_BYTES, FLOOR_SHARE = 256 * MIB, 20
"""The floor where none is set: so many bytes, but at most this part of the disk."""
RESERVE_BYTES = 16 * MIB
"""To delete a run writes at most a few MB to the log of SQLite before a checkpoint empties it: its rows go in pieces."""
QUARTER = 4
OPENING_BYTES = MIB
"""The first 32 kB of shared memory and some pages of the log, and then some."""


@dataclass(frozen=True)
class Room:
    """Bytes of the disk that are free, of the database that are unused and can be used again, and the floor for both."""

    free_bytes: int
    reusable_bytes: int
    floor_bytes: int

    def lacks(self, needed_bytes: int = 0) -> bool:
        """Return whether there is less than the floor, or what is needed would leave less than half of it.

        Unused pages count, for that is what deleting a run makes; but SQLite's log needs some of the disk itself.
        """
        room, floor = self.free_bytes + self.reusable_bytes, self.floor_bytes
        return room < floor or room - needed_bytes < floor // 2 or self.free_bytes < floor // QUARTER

    @property
    def reserve_bytes(self) -> int:
        """Size of the reserve."""
        return min(RESERVE_BYTES, self.floor_bytes // QUARTER)

    @property
    def told(self) -> str:
        """The figures and the setting, for a message."""
        return (
            f"{self.free_bytes:,} bytes are free on the disk of the database and {self.reusable_bytes:,} within it, "
            f"this server keeps {self.floor_bytes:,} free (POSTGRAD_MIN_FREE_BYTES)"
        )


def look(db: Connection, min_free_bytes: int | None) -> Room:
    """Return the room for a database; `min_free_bytes` is the floor, None the default one."""
    disk = os.statvfs(Path(db.engine.url.database or "").resolve().parent)
    total, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
    pages, size = (db.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("freelist_count", "page_size"))
    return Room(free, pages * size, floor_of(total, min_free_bytes))


def floor_of(total_bytes: int, min_free_bytes: int | None) -> int:
    """Return the floor of a disk: the one that is set, or the default one."""
    return min(FLOOR_BYTES, total_bytes // FLOOR_SHARE) if min_free_bytes is None else min_free_bytes


def check(db: Connection, min_free_bytes: int | None, needed_bytes: int = 0) -> None:
    """Raise DiskFull if there is no room for something new."""
    if (room := look(db, min_free_bytes)).lacks(needed_bytes):
        needs = f", and it needs {needed_bytes:,}" if needed_bytes else ""
        raise DiskFull(f"{room.told}{needs}: delete runs or datasets, or make room on the disk")


class Reserve:
    """A file beside the database that only takes space: it is given up for small writes when there is no other.

    Without it a full disk could not be cleared: to delete a run is to write.
    """

    def __init__(self, url: str) -> None:
        file = file_of(url)
        self._path = file.with_name(f"{file.name}-reserve")

    def keep(self, room: Room) -> None:
        """Make the file where there is none and enough room."""
        size = room.reserve_bytes
        if size and room.free_bytes >= room.floor_bytes + size and not self._path.exists():
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                _fill(number, size)
            except OSError:
                self.give_up()
            finally:
                os.close(number)

    def make_way(self) -> None:
        """Give the file up if the disk has no room for the files that SQLite makes when a database is opened."""
        disk = os.statvfs(self._path.parent)
        if disk.f_bavail * disk.f_frsize < OPENING_BYTES:
            self.give_up()

    def give_up(self) -> bool:
        """Remove the file; return whether there was one."""
        with suppress(FileNotFoundError):
            self._path.unlink()
            return True
        return False


def _fill(number: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(number, 0, size)
    else:  # as on macOS
        os.write(number, bytes(size))
