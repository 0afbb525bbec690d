"""One transaction at a time: `Database.read` and `Database.write`."""

import copy
import random
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.actor import NOBODY, SERVER, Actor
from service.errors import Busy
from service.store.engine import make_reader, make_writer, sqlite_module
from service.store.group_commit import GroupCommit, locked
from service.store.owned import ACTOR
from service.store.peek import Peek

Transaction = Connection
T = TypeVar("T")
Also = Callable[[Transaction, T], None]
"""More to do in the transaction that stores something, given what was stored."""
ATTEMPTS = 5
UNUSABLE = ("locked", "is full", "I/O error", "unable to open")  # in SQLite's words; anything else is a mistake of ours


def nothing(db: Transaction, stored: object) -> None:
    """Do no more."""


class Database:
    """The engines of one process. Nothing connects before the first transaction."""

    def __init__(self, url: str, on_write: Callable[[float], None] | None = None) -> None:
        """`on_write` is told how many seconds each transaction that wrote has taken, waiting for the lock included."""
        self.url = url
        self._on_write = on_write
        self._writer = make_writer(url)
        self._commits = GroupCommit(self._writer)
        self._reader = make_reader(url)
        self._peek = Peek(url)
        self._actor = SERVER

    def seen_by(self, actor: Actor) -> Self:
        """Return the same database as somebody sees it."""
        seen = copy.copy(self)
        seen._actor = actor  # noqa: SLF001 (its own kind)
        return seen

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

        for attempt in range(ATTEMPTS):
            try:
                return transaction(ours)
            except PoolTimeout as error:
                raise Busy("all database connections are in use") from error
            except OperationalError as error:
                text = str(error.orig)
                if not any(sign in text for sign in UNUSABLE):
                    raise
                # Locked: try again. A full disk or an I/O error: it is for the caller to wait.
                if attempt == ATTEMPTS - 1 or not locked(error):
                    raise Busy(f"the database cannot be used now: {text}") from error
                time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
        raise AssertionError("unreachable")

    @staticmethod
    def version() -> str:
        """Return the version of SQLite in use."""
        return str(sqlite_module().sqlite_version)

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()
        self._reader.dispose()
        self._peek.close()
