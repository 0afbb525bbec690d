"""Group commit: threads that write at the same time share a transaction, and none of them notices."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text

from service.actor import Actor, Permission
from service.errors import Busy
from service.store import engine, group_commit, unit
from service.store.engine import sqlite_module
from service.store.owned import owner_of
from service.store.unit import Database, Transaction

THREADS = 12


@pytest.fixture
def counted(database: Database) -> Database:
    """Make a table of numbers."""
    database.write(lambda db: db.execute(text("CREATE TABLE number (value INTEGER UNIQUE)")))
    return database


def insert(value: int) -> Callable[[Transaction], int]:
    """Return work that stores a number and returns it."""

    def work(db: Transaction) -> int:
        db.execute(text("INSERT INTO number VALUES (:value)"), {"value": value})
        return value

    return work


def numbers(database: Database) -> list[int]:
    """Return what is stored."""
    return list(database.read(lambda db: db.execute(text("SELECT value FROM number ORDER BY value")).scalars().all()))


@contextmanager
def held(database: Database, then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Keep the writer at work until the block has ended; the thread that did so goes on with `then`."""
    inside, done = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        inside.set()
        assert done.wait(30)

    thread = threading.Thread(target=lambda: (database.write(hold), then()))
    thread.start()
    assert inside.wait(30)
    try:
        yield
    finally:
        done.set()
        thread.join()


def at_once(database: Database, works: Sequence[Callable[[], Any]], then: Callable[[], object] = lambda: None) -> list[Any]:
    """Call all in threads of their own while the writer is at work; return what came of each, errors too."""
    outcomes: list[Any] = [None] * len(works)

    def call(i: int) -> None:
        try:
            outcomes[i] = works[i]()
        except Exception as error:  # noqa: BLE001 (it is looked at)
            outcomes[i] = error

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(works))]
    with held(database, then):
        for i, thread in enumerate(threads):
            thread.start()
            while len(database._commits._line) <= i:
                assert thread.is_alive()
    for thread in threads:
        thread.join()
    return outcomes


def test_those_who_wait_are_committed_together(counted: Database) -> None:
    """Twelve threads that come while one writes get their own results, all out of one commit."""
    commits: list[Any] = []
    event.listen(counted._writer, "commit", commits.append)
    outcomes = at_once(counted, [partial(counted.write, insert(i)) for i in range(THREADS)])
    assert outcomes == list(range(THREADS)) == numbers(counted)
    assert len(commits) == 2  # that of who held it, and theirs


def test_more_than_a_group_are_all_written_once(counted: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever leads, nothing that waits is left out or done twice."""
    monkeypatch.setattr(group_commit, "MOST", 5)
    commits: list[Any] = []
    event.listen(counted._writer, "commit", commits.append)
    assert at_once(counted, [partial(counted.write, insert(i)) for i in range(THREADS)]) == list(range(THREADS))
    assert numbers(counted) == list(range(THREADS))
    assert len(commits) == 1 + 3


def test_who_writes_again_at_once_is_not_written_twice(database: Database) -> None:
    """A thread that writes right after its own write, while more than a group wait: whoever is first, each is done once."""
    database.write(lambda db: db.execute(text("CREATE TABLE number (value INTEGER)")))  # takes a number twice
    rounds, waiting = 20, 40
    for i in range(rounds):
        works = [partial(database.write, insert(i)) for _ in range(waiting)]
        assert at_once(database, works, then=partial(database.write, insert(i))) == [i] * waiting
        database.write(lambda _: None)  # whatever still stands in the line is done now
    assert numbers(database) == [i for i in range(rounds) for _ in range(waiting + 1)]


class Content:
    """Something large that was to be written."""


def test_a_refused_write_leaves_nothing_behind(counted: Database) -> None:
    """What it held is gone with its error, and not only when rubbish is collected."""

    def refuse(content: Content, _: Transaction) -> None:
        raise KeyError(content)

    def write() -> "weakref.ref[Content]":
        content = Content()
        with pytest.raises(KeyError):
            counted.write(partial(refuse, content))
        return weakref.ref(content)

    gc.collect()
    gc.disable()
    try:
        assert write()() is None
    finally:
        gc.enable()


def test_one_that_fails_fails_alone(counted: Database) -> None:
    """An error is raised in the thread whose work it is; what the others write is stored, and nothing of the failed one."""

    def fail(db: Transaction) -> None:
        insert(100)(db)
        raise KeyError("mine")

    works: list[Callable[[], Any]] = [partial(counted.write, insert(i)) for i in range(THREADS)]
    works[3] = partial(counted.write, fail)
    works[7] = partial(counted.write, insert(2))  # is there already
    outcomes = at_once(counted, works)
    assert [type(outcome).__name__ for outcome in outcomes if not isinstance(outcome, int)] == ["KeyError", "IntegrityError"]
    assert numbers(counted) == [i for i in range(THREADS) if i not in (3, 7)]


def test_each_writes_on_behalf_of_its_own_actor(counted: Database) -> None:
    """Works of several keys in one transaction do not mix up whose they are."""
    keys = [Actor(f"key_{i}", f"key_{i}", Permission.TRAIN) for i in range(THREADS)]
    outcomes = at_once(counted, [partial(counted.seen_by(key).write, owner_of) for key in keys])
    assert outcomes == [key.owner for key in keys]


def test_a_disk_that_is_full_for_one_is_not_for_the_others(counted: Database) -> None:
    """What does not fit is refused; what comes beside it and fits is stored."""
    counted.write(lambda db: db.execute(text("CREATE TABLE filler (content BLOB)")))
    pages = counted.write(lambda db: db.execute(text("PRAGMA page_count")).scalar_one())
    counted.write(lambda db: db.execute(text(f"PRAGMA max_page_count={pages + 2}")))
    works: list[Callable[[], Any]] = [partial(counted.write, insert(i)) for i in range(4)]
    works[1] = lambda: counted.write(lambda db: db.execute(text("INSERT INTO filler VALUES (zeroblob(1000000))")))
    outcomes = at_once(counted, works)
    assert isinstance(outcomes[1], Busy)
    assert numbers(counted) == [0, 2, 3]


def test_who_waits_too_long_is_told(counted: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a transaction that does not end a thread gets Busy, and its work is not done later."""
    monkeypatch.setattr(group_commit, "WAIT_SECONDS", 0.05)
    with held(counted), pytest.raises(Busy, match="takes too long"):
        counted.write(insert(1))
    assert counted.write(insert(2)) == 2
    assert numbers(counted) == [2]


def test_a_thread_that_is_torn_away_takes_nobody_with_it(counted: Database) -> None:
    """What is no Exception, as the end of the interpreter, ends its thread; those behind it are done."""

    def torn(_: Transaction) -> None:
        raise SystemExit

    def leave() -> None:
        with pytest.raises(SystemExit):
            counted.write(torn)

    works: list[Callable[[], Any]] = [leave, *[partial(counted.write, insert(i)) for i in range(3)]]
    assert at_once(counted, works) == [None, 0, 1, 2]
    assert numbers(counted) == [0, 1, 2]


def test_nothing_is_lost_under_a_storm(url: str) -> None:
    """Threads of two databases count to what they should, whoever does whose work."""
    databases = [Database(url), Database(url)]
    databases[0].write(lambda db: db.execute(text("CREATE TABLE counter (value INTEGER)")))
    databases[0].write(lambda db: db.execute(text("INSERT INTO counter VALUES (0)")))

    def count(database: Database) -> None:
        for _ in range(25):
            database.write(lambda db: db.execute(text("UPDATE counter SET value = value + 1")))

    threads = [threading.Thread(target=count, args=(databases[i % 2],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert databases[0].read(lambda db: db.execute(text("SELECT value FROM counter")).scalar_one()) == 200
    for database in databases:
        database.close()


def test_a_held_lock_is_told_to_all_in_time(url: str, counted: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes while an outsider has the lock waits for the patience and one more try, whenever they came."""
    monkeypatch.setattr(engine, "LOCK_SECONDS", 1.0)
    monkeypatch.setattr(unit, "PATIENCE_SECONDS", 2.0)
    waits: list[float] = []

    def write(i: int) -> None:
        time.sleep(i * 0.17)
        began = time.monotonic()
        with pytest.raises(Busy, match="locked"):
            counted.write(insert(i))
        waits.append(time.monotonic() - began)

    outsider = sqlite_module().connect(url.removeprefix("sqlite:///"), isolation_level=None)
    outsider.execute("BEGIN IMMEDIATE")
    threads = [threading.Thread(target=write, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outsider.execute("ROLLBACK")
    outsider.close()
    assert len(waits) == THREADS
    assert 2 <= max(waits) < 3.7
    assert counted.write(insert(100)) == 100
