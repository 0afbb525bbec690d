"""Engines, set up so that SQLite loses no update (measured: docs/decisions/0002)."""

import time
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

LOCK_SECONDS = 2.5
"""How long a transaction waits for those of other processes before it is told that the database is locked."""
BUSY_MS = 5000
"""How long SQLite itself waits for others, where nothing better does."""
PRAGMAS = (
    "foreign_keys=ON",  # ignored inside a transaction, so it is set at connect
    "synchronous=FULL",  # 0.3 ms a commit; what was acknowledged survives a power loss
    "journal_size_limit=67108864",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "mmap_size=0",
    "cache_size=-16000",
)
READER_KIB = 4000
"""Cache of each connection that only reads. There are nine of them: what they read again, the system has."""


def sqlite_module() -> Any:
    """Return the DB-API module: pysqlite3 where there is a wheel, for its newer SQLite; else the standard library's."""
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 (there may be none)
    except ImportError:
        import sqlite3 as dbapi2  # noqa: PLC0415
    return dbapi2


def make_writer(url: str) -> Engine:
    """Make the engine for transactions that write: one connection, each transaction takes the write lock at once."""
    return _writer(url, busy_ms=0)  # what comes after `_take_the_lock` finds nobody in its way


def make_migrator(url: str) -> Engine:
    """Make the engine for migrations: a writer that may replace a table without the rows that refer to it being deleted."""
    engine = _writer(url, busy_ms=BUSY_MS)  # the journal mode is set without a transaction
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
    return engine


def make_reader(url: str) -> Engine:
    """Make the engine for transactions that only read: snapshots that never wait for a writer."""
    engine = _sqlite(url, size=8, busy_ms=BUSY_MS)
    event.listen(engine, "connect", _only_read)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def make_peeker(url: str) -> Engine:
    """Make the engine for single statements that read: one connection, each statement is a transaction of its own."""
    # An event loop waits with it: readers wait for nobody but an outsider that has locked the whole file.
    engine = _sqlite(url, size=1, busy_ms=100)
    event.listen(engine, "connect", _only_read)
    return engine


def _only_read(connection: Any, _: object) -> None:
    connection.execute("PRAGMA query_only=ON")
    connection.execute(f"PRAGMA cache_size=-{READER_KIB}")


def _writer(url: str, busy_ms: int) -> Engine:
    engine = _sqlite(url, size=1, busy_ms=busy_ms)
    event.listen(engine, "begin", _take_the_lock)
    return engine


def _take_the_lock(connection: Connection) -> None:
    """Begin to write, if need be when others have ended.

    A deferred BEGIN that reads before it writes fails or loses updates under concurrency; IMMEDIATE has its turn or none.
    SQLite would ask again after 1, 2, 5, 10, 15 ms, but a server and its workers hold the lock for less than one.
    """
    cursor, asked_until, pause = connection.connection.cursor(), time.monotonic() + LOCK_SECONDS, 0.0002
    while time.monotonic() < asked_until:
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite_module().OperationalError as error:
            if "locked" not in str(error):
                break
        else:
            return
        time.sleep(pause)
        pause = min(1.1 * pause, 0.01)
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what SQLAlchemy makes of the error


def _sqlite(url: str, *, size: int, busy_ms: int) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        raise ValueError(f"the database is {make_url(url).get_backend_name()}, this version keeps runs in sqlite")
    module = sqlite_module()
    # For each None the driver looks for an adapter, and raises and drops an error inside if there is none: 1 µs. A metric
    # point, of whose 14 columns 4 are empty, is inserted in 1.6 instead of 6.1 µs.
    module.register_adapter(type(None), lambda none: none)
    engine = create_engine(
        url,
        module=module,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", lambda connection, _: _prepare(connection, busy_ms))
    return engine


def _prepare(connection: Any, busy_ms: int) -> None:
    connection.isolation_level = None  # the driver must not send a BEGIN of its own
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")  # opening may have to wait for another process that recovers
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout={busy_ms}")
