"""Named models in the database: what holds whoever writes, and the small read that predictions make."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from service.domain import Run, new_id
from service.errors import Busy, Conflict
from service.store import checkpoints, engine, registry, served
from service.store.checkpoints import Snapshot, digest_of
from service.store.engine import sqlite_module
from service.store.served import Served
from service.store.tables import checkpoints as checkpoint_table
from service.store.tables import runs as run_table
from service.store.unit import Database, Transaction
from tests.service.records import queue_run

KEPT_STEP = 10


def stored(database: Database, step: int = KEPT_STEP) -> tuple[Run, str]:
    """Store a run with a checkpoint that is no milestone; return it and the id of the checkpoint."""
    run = queue_run(database)
    return run, add(database, run, step)


def add(database: Database, run: Run, step: int) -> str:
    """Store one more checkpoint, for which others make way; return its id."""
    snapshot = Snapshot(new_id("ckpt"), step, b"state", digest_of(b"state"), "sha256:w", kept=False)
    (saved,) = database.write(lambda db: checkpoints.save(db, run.id, 1, [snapshot], best_step=None))
    return saved.id


def promote(database: Database, name: str, run: Run, checkpoint_id: str, alias: str = registry.PRODUCTION) -> int:
    """Let an alias stand for a checkpoint; return the version."""

    def work(db: Transaction) -> int:
        version = registry.version_of(db, name, run.id, checkpoint_id)
        registry.point(db, name, alias, version)
        return version

    return database.write(work)


def steps(database: Database, run: Run) -> list[int]:
    """Return the steps of the checkpoints that are kept."""
    return [checkpoint.step for checkpoint in database.read(lambda db: checkpoints.all_of(db, run.id))]


class TestPinned:
    """A version holds its checkpoint."""

    def test_a_pinned_checkpoint_does_not_make_way(self, database: Database) -> None:
        """Others make way for the next; one that is a version stays until the version goes."""
        run, checkpoint_id = stored(database)
        promote(database, "net", run, checkpoint_id)
        for step in (20, 30, 40):
            add(database, run, step)
            assert steps(database, run) == [KEPT_STEP, step]
        database.write(lambda db: registry.remove(db, "net"))
        add(database, run, 50)
        assert steps(database, run) == [50]

    def test_the_database_itself_holds_it(self, database: Database) -> None:
        """Even SQL that asks nobody can delete neither the checkpoint nor the run."""
        run, checkpoint_id = stored(database)
        promote(database, "net", run, checkpoint_id)
        with pytest.raises(IntegrityError):
            database.write(lambda db: db.execute(delete(checkpoint_table).where(checkpoint_table.c.id == checkpoint_id)))
        with pytest.raises(IntegrityError):
            database.write(lambda db: db.execute(delete(run_table).where(run_table.c.id == run.id)))
        assert steps(database, run) == [KEPT_STEP]

    def test_a_version_with_an_alias_stays(self, database: Database) -> None:
        """A version for which an alias stands cannot be deleted, and is whole after the attempt."""
        run, checkpoint_id = stored(database)
        promote(database, "net", run, checkpoint_id)
        with pytest.raises(Conflict, match="alias"):
            database.write(lambda db: registry.remove_version(db, "net", 1))
        model = database.read(lambda db: registry.get(db, "net"))
        assert model is not None
        assert (model.aliases, model.served.checkpoint_id, model.served.kind) == ({"production": 1}, checkpoint_id, "softmax")


class TestServed:
    """Which checkpoint answers."""

    def test_by_default_by_alias_and_by_version(self, database: Database) -> None:
        """The alias `production`, else the newest; what is not there is None."""
        (first, one), (second, two) = stored(database), stored(database, 20)
        promote(database, "net", first, one, "stable")
        promote(database, "net", second, two, "next")
        versions = {1: Served(1, first.id, one), 2: Served(2, second.id, two)}
        assert served.find(database, "net", None) == versions[2]
        promote(database, "net", first, one)
        assert served.find(database, "net", None) == versions[1]
        assert served.find(database, "net", "next") == versions[2]
        assert [served.find(database, "net", number) for number in (1, 2, 3)] == [versions[1], versions[2], None]
        assert [served.find(database, *asked) for asked in (("net", "nobody"), ("nobody", None), ("nobody", 1))] == [None] * 3
        assert served.find(database, first.id, None) == Served(KEPT_STEP, first.id, one)
        assert served.find(database, first.id, KEPT_STEP) == Served(KEPT_STEP, first.id, one)
        assert served.find(database, first.id, 11) is None

    def test_another_server_sees_a_move_at_once(self, url: str, database: Database) -> None:
        """A move that one server has committed is what the next read of another finds: nothing is remembered."""
        (first, one), (second, two) = stored(database), stored(database, 20)
        promote(database, "net", first, one)
        other = Database(url)
        try:
            for move in range(50):
                run, checkpoint_id = ((first, one), (second, two))[move % 2]
                promote(database, "net", run, checkpoint_id)
                found = served.find(other, "net", None)
                assert found is not None
                assert found.checkpoint_id == checkpoint_id
        finally:
            other.close()

    def test_threads_share_the_connection(self, database: Database) -> None:
        """Reads of several threads at once each get their own answer."""
        made = [stored(database) for _ in range(4)]
        for i, (run, checkpoint_id) in enumerate(made):
            promote(database, f"net{i}", run, checkpoint_id)
        wrong: list[object] = []

        def read(i: int) -> None:
            for _ in range(500):
                found = served.find(database, f"net{i}", None)
                if found is None or found.checkpoint_id != made[i][1]:
                    wrong.append(found)

        threads = [threading.Thread(target=read, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_a_locked_file_is_busy_and_comes_back(
        self, url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While an outsider has locked the whole file, the read says so soon, and works again afterwards."""
        run, checkpoint_id = stored(database)
        promote(database, "net", run, checkpoint_id)
        database.close()
        monkeypatch.setattr(engine, "BUSY_MS", 10)
        database = Database(url)
        outsider = sqlite_module().connect(tmp_path / "test.sqlite3", isolation_level=None)
        outsider.execute("PRAGMA locking_mode=EXCLUSIVE")
        outsider.execute("BEGIN EXCLUSIVE")
        try:
            with pytest.raises(Busy, match="locked"):
                served.find(database, "net", None)
        finally:
            outsider.close()
        assert served.find(database, "net", None) == Served(1, run.id, checkpoint_id)
        database.close()
