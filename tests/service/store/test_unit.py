"""Transactions: what SQLAlchemy with sqlite3 loses by default, is not lost here."""

import multiprocessing
import threading
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from service.errors import Busy
from service.store import engine, unit
from service.store.engine import sqlite_module
from service.store.files import file_of
from service.store.unit import Database, Transaction

PROCESSES, TIMES = 4, 150


def _increment(db: Transaction) -> None:
    """Read, then write what was read: the shape that loses updates."""
    value = db.execute(text("SELECT value FROM counter")).scalar_one()
    db.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})


def _count_up(url: str, all_there: Barrier) -> None:
    database = Database(url)
    all_there.wait(60)
    for _ in range(TIMES):
        database.write(_increment)
    database.close()


def _count_up_as_sqlalchemy_does(url: str, all_there: Barrier) -> None:
    engine = create_engine(url, connect_args={"timeout": 60})
    all_there.wait(60)
    for _ in range(TIMES):
        with engine.begin() as db:
            _increment(db)
    engine.dispose()


def _counted(url: str, count_up: object) -> int:
    database = Database(url)
    database.write(lambda db: db.execute(text("CREATE TABLE counter (value INTEGER)")))
    database.write(lambda db: db.execute(text("INSERT INTO counter VALUES (0)")))
    context = multiprocessing.get_context("spawn")
    all_there = context.Barrier(PROCESSES)  # else the first could be done before the last has loaded
    processes = [context.Process(target=count_up, args=(url, all_there)) for _ in range(PROCESSES)]  # type: ignore[arg-type]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    value: int = database.read(lambda db: db.execute(text("SELECT value FROM counter")).scalar_one())
    database.close()
    return value


def test_no_update_is_lost_between_processes(url: str) -> None:
    """Four processes that each read and write 150 times count to 600."""
    assert _counted(url, _count_up) == PROCESSES * TIMES


def test_the_check_above_can_fail(url: str) -> None:
    """The same work on SQLAlchemy's default engine loses updates, so the test above has something to find."""
    assert _counted(url, _count_up_as_sqlalchemy_does) < PROCESSES * TIMES


def test_a_write_that_raises_leaves_no_trace(database: Database) -> None:
    """A transaction is whole or does not happen."""
    database.write(lambda db: db.execute(text("CREATE TABLE counter (value INTEGER)")))

    def work(db: Transaction) -> None:
        db.execute(text("INSERT INTO counter VALUES (1)"))
        raise KeyError

    with pytest.raises(KeyError):
        database.write(work)
    assert database.read(lambda db: db.execute(text("SELECT count(*) FROM counter")).scalar_one()) == 0


def test_a_reader_cannot_write(database: Database) -> None:
    """Connections for reading are read-only, so a write never slips past the write lock."""
    with pytest.raises(OperationalError, match="readonly"):
        database.read(lambda db: db.execute(text("CREATE TABLE counter (value INTEGER)")))


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    """While a transaction holds the write lock, reads answer from the last commit."""
    inside, done = threading.Event(), threading.Event()

    def hold(db: Transaction) -> None:
        db.execute(text("CREATE TABLE counter (value INTEGER)"))
        inside.set()
        assert done.wait(60)

    thread = threading.Thread(target=database.write, args=(hold,))
    thread.start()
    assert inside.wait(60)
    tables = database.read(lambda db: db.execute(text("SELECT count(*) FROM sqlite_master WHERE name='counter'")).scalar_one())
    done.set()
    thread.join()
    assert tables == 0


def test_a_lock_held_too_long_is_busy(url: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that an outsider keeps locked gives Busy, which tells the client to try again."""
    outsider = sqlite_module().connect(url.removeprefix("sqlite:///"), isolation_level=None)
    outsider.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(engine, "LOCK_SECONDS", 0.01)
    monkeypatch.setattr(unit, "PATIENCE_SECONDS", 0.05)
    with pytest.raises(Busy, match="locked"):
        database.write(lambda db: db.execute(text("CREATE TABLE counter (value INTEGER)")))
    outsider.execute("ROLLBACK")
    outsider.close()


def test_a_full_disk_is_busy_and_harms_nothing(database: Database) -> None:
    """When the disk is full a write is refused, reads go on, and the next write works again."""
    database.write(lambda db: db.execute(text("CREATE TABLE filler (content BLOB)")))
    pages = database.write(lambda db: db.execute(text("PRAGMA page_count")).scalar_one())
    database.write(lambda db: db.execute(text(f"PRAGMA max_page_count={pages + 2}")))
    with pytest.raises(Busy, match="full"):
        database.write(lambda db: db.execute(text("INSERT INTO filler VALUES (zeroblob(1000000))")))
    assert database.read(lambda db: db.execute(text("SELECT count(*) FROM filler")).scalar_one()) == 0
    database.write(lambda db: db.execute(text(f"PRAGMA max_page_count={pages + 2000}")))
    database.write(lambda db: db.execute(text("INSERT INTO filler VALUES (zeroblob(1000000))")))
    assert database.read(lambda db: db.execute(text("PRAGMA integrity_check")).scalar_one()) == "ok"


def test_settings_of_a_connection(database: Database) -> None:
    """Every connection is durable, checks foreign keys and uses the write-ahead log."""
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
    for run in (database.read, database.write):
        values = [run(lambda db, p=pragma: db.execute(text(f"PRAGMA {p}")).scalar_one()) for pragma in pragmas]  # type: ignore[misc]
        assert values == ["wal", 2, 1, 0]


def test_sqlite_has_no_wal_reset_bug() -> None:
    """SQLite before 3.51.3 can corrupt a database that several processes write."""
    assert tuple(map(int, Database.version().split("."))) >= (3, 51, 3)


def test_nothing_connects_before_the_first_transaction(tmp_path: Path) -> None:
    """Making a Database touches no file."""
    database = Database(f"sqlite:///{tmp_path / 'none.sqlite3'}")
    assert list(tmp_path.iterdir()) == []
    database.close()


def test_another_database_is_refused() -> None:
    """A URL of another kind of database says what is kept here."""
    with pytest.raises(ValueError, match="postgresql"):
        Database("postgresql://localhost/postgrad")


def test_a_mistake_is_not_called_busy(database: Database) -> None:
    """A statement that can never work is not reported as something to try again."""
    with pytest.raises(OperationalError, match="no such table"):
        database.read(lambda db: db.execute(text("SELECT * FROM absent")))


@pytest.mark.parametrize(
    "url", ["sqlite:///data/a.sqlite3", "sqlite:////tmp/a b%20.sqlite3", "sqlite+pysqlite:////tmp/a?timeout=3"]
)
def test_the_file_of_a_url_is_that_of_sqlalchemy(url: str) -> None:
    """The file is found without SQLAlchemy, and is the one that it opens."""
    assert file_of(url) == Path(make_url(url).database or "").resolve()
