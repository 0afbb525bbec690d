"""One transaction at a time: `Database.read` and `Database.write`."""

import copy
import random
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.actor import NOBODY, SERVER, Actor
from service.errors import Busy, DiskFull
from service.store import room
from service.store.engine import make_reader, make_writer, sqlite_module
from service.store.faults import Faults
from service.store.group_commit import GroupCommit, locked
from service.store.owned import ACTOR
from service.store.peek import Peek
from service.store.room import Room

Transaction = Connection
T = TypeVar("T")
Also = Callable[[Transaction, T], None]
"""More to do in the transaction that stores something, given what was stored."""
PATIENCE_SECONDS = 5.0
"""How long a locked database is tried: with the last wait for the lock, whoever writes has an answer after 7.5 s."""
FULL = "is full"  # in SQLite's words
UNUSABLE = ("locked", FULL, "unable to open")  # anything else, but what `Faults` knows, is a mistake of ours


def nothing(db: Transaction, stored: object) -> None:
    """Do no more."""


class Database:
    """The engines of one process. Nothing connects before the first transaction."""

    def __init__(
        self,
        url: str,
        on_write: Callable[[float], None] | None = None,
        *,
        min_free_bytes: int | None = None,
        spends_reserve: bool = False,
    ) -> None:
        """`on_write` is told how many seconds each transaction that wrote has taken, waiting for the lock included.

        `min_free_bytes` is the floor of the disk, None the default one. What writes little `spends_reserve` on a full disk.
        """
        self.url = url
        self._min_free_bytes, self._spends_reserve = min_free_bytes, spends_reserve
        self.faults = Faults()
        self._on_write = on_write
        self._writer = make_writer(url)
        self._commits = GroupCommit(self._writer)
        self._reader = make_reader(url)
        self._peek = Peek(url, self.faults)
        self._actor = SERVER

    def seen_by(self, actor: Actor) -> Self:
        """Return the same database as somebody sees it."""
        seen = copy.copy(self)
        seen._actor = actor  # noqa: SLF001 (its own kind)
        return seen

    def spending(self) -> Self:
        """Return the same database for a write that is small, and has to succeed on a full disk too."""
        spends = copy.copy(self)
        spends._spends_reserve = True  # noqa: SLF001 (its own kind)
        return spends

    def room(self) -> Room:
        """Return the room on the disk."""
        return self.read(lambda db: room.look(db, self._min_free_bytes))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Database) and (self._peek, self._actor) == (other._peek, other._actor)

    def __hash__(self) -> int:
        return hash((self._peek, self._actor))

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot of the database."""
        return self._run(self._snapshot, work)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that is committed when this returns, and rolled back if `work` raises.

        It shares that transaction with what other threads write at the same time. It is run again as a whole if one of those
        raises or the database was busy, so it must depend on nothing but the database.
        """
        begun = time.perf_counter()
        result = self._run(self._commits.run, work)
        if self._on_write is not None:
            self._on_write(time.perf_counter() - begun)
        return result

    def peek(self, statement: Select[Any], **values: int | str) -> tuple[Any, ...] | None:
        """Return the first row of one small statement as it stands now, or None. It may be called on an event loop.

        Its parameters `owner`, `nobody` and `sees_all` say on whose behalf.
        """
        actor = self._actor
        return self._peek(statement, {**values, "owner": actor.owner, "nobody": NOBODY, "sees_all": int(actor.sees_all)})

    def _snapshot(self, work: Callable[[Connection], T]) -> T:
        with self._reader.begin() as connection:
            return work(connection)

    def _run(self, transaction: Callable[[Callable[[Connection], T]], T], work: Callable[[Connection], T]) -> T:
        def ours(connection: Connection) -> T:
            return work(connection.execution_options(**{ACTOR: self._actor}))

        begun, pause = time.monotonic(), 0.03
        while True:
            try:
                return transaction(ours)
            except PoolTimeout as error:
                raise Busy("all database connections are in use") from error
            except DatabaseError as error:
                # Locked: try again. A full disk or an I/O error: it is for the caller to wait.
                late = time.monotonic() - begun > PATIENCE_SECONDS
                if (not locked(error) or late) and not self._gives_up_reserve(error):
                    if (told := self._told(error)) is None:
                        raise
                    raise told from error
                time.sleep(random.uniform(pause / 3, pause))
                pause = min(2 * pause, 0.5)

    def _gives_up_reserve(self, error: DatabaseError) -> bool:
        return self._spends_reserve and FULL in str(error.orig) and room.Reserve(self.url).give_up()

    def _told(self, error: DatabaseError) -> Busy | None:
        """Return what an error of the database is told as; None if it is a mistake of ours."""
        text = str(error.orig)
        if (fault := self.faults.see(text)) is not None:
            return fault
        if FULL in text:
            return DiskFull(f"the database cannot be written now: {text}")
        return Busy(f"the database cannot be used now: {text}") if any(sign in text for sign in UNUSABLE) else None

    @staticmethod
    def version() -> str:
        """Return the version of SQLite in use."""
        return str(sqlite_module().sqlite_version)

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()
        self._reader.dispose()
        self._peek.close()
