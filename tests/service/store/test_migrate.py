"""Migrations."""

import multiprocessing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from service.errors import NewerDatabase
from service.store import migrate
from service.store.engine import make_writer
from service.store.tables import metadata
from service.store.unit import Database, Transaction


def test_the_migrated_database_has_the_tables_of_the_code(database: Database) -> None:
    """`upgrade` ends at exactly the tables that the program was written for."""

    def differences(db: Transaction) -> list[object]:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert database.write(differences) == []


def test_upgrading_twice_changes_nothing(url: str) -> None:
    """A server may migrate at every start."""
    assert migrate.upgrade(url) == migrate.upgrade(url)


def test_a_newer_database_is_refused_with_a_sentence_and_not_touched(url: str, database: Database) -> None:
    """A database of a newer version is left as it is, and both revisions are told."""
    database.write(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(NewerDatabase, match=r"9999.*newer version"):
        migrate.upgrade(url)
    assert database.read(lambda db: db.execute(text("SELECT version_num FROM alembic_version")).scalar_one()) == "9999"


def test_is_current(database: Database) -> None:
    """Readiness sees whether the tables are those of the program."""
    assert database.read(migrate.is_current)
    database.write(lambda db: db.execute(text("DELETE FROM alembic_version")))
    assert not database.read(migrate.is_current)


def test_many_may_migrate_at_once(tmp_path: Path) -> None:
    """Of several processes that start on an empty directory, one migrates and the others wait for it."""
    url = f"sqlite:///{tmp_path / 'deep' / 'down' / 'test.sqlite3'}"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=migrate.upgrade, args=(url,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]


def test_a_migration_that_is_cut_off_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole migration is one transaction: one that dies half-way can simply be run again."""
    url = f"sqlite:///{tmp_path / 'test.sqlite3'}"

    def upgrade_then_die(config: Config, target: str) -> None:
        real(config, target)
        raise KeyboardInterrupt

    real = command.upgrade
    monkeypatch.setattr(command, "upgrade", upgrade_then_die)
    with pytest.raises(KeyboardInterrupt):
        migrate.upgrade(url)
    engine = make_writer(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    monkeypatch.undo()
    assert migrate.upgrade(url)


def test_a_database_that_cannot_log_ahead_is_refused() -> None:
    """A database in memory cannot be shared by processes, and says so."""
    with pytest.raises(RuntimeError, match="journal mode"):
        migrate.upgrade("sqlite://")
