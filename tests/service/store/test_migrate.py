"""Migrations."""

import multiprocessing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from service.errors import NewerDatabase
from service.store import migrate, tables
from service.store.engine import make_writer
from service.store.unit import Database, Transaction
from tests.live import ROOT


def test_the_migrated_database_has_the_tables_of_the_code(database: Database) -> None:
    """`upgrade` ends at exactly the tables that the program was written for."""

    def differences(db: Transaction) -> list[object]:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        return list(compare_metadata(context, tables.runs.metadata))

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
    assert migrate.is_current_now(database.peek)
    database.write(lambda db: db.execute(text("DELETE FROM alembic_version")))
    assert not database.read(migrate.is_current)
    assert not migrate.is_current_now(database.peek)


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


CHILDREN = {
    "attempts": "INSERT INTO attempts VALUES ('run_1', 1, '2026-01-01', 0, '{}')",
    "metrics": "INSERT INTO metrics (run_id, step, loss) VALUES ('run_1', 0, 0.5)",
    "events": "INSERT INTO events VALUES ('run_1', 1, 'state', '{}', '2026-01-01')",
    "checkpoints": "INSERT INTO checkpoints (id, run_id, step, attempt, kept, digest, weights_digest, size_bytes,"
    " created_at, state) VALUES ('ckpt_1', 'run_1', 0, 1, 1, 'sha256:1', 'sha256:2', 1, '2026-01-01', x'00')",
}
NEWEST = max(path.name[:4] for path in (ROOT / "migrations/versions").glob("0*.py"))

A_RUN = """
INSERT INTO runs (id, status, dataset, data, spec, spec_digest, model_kind, priority, attempt, stalled_attempts,
                  cancel_requested, step, steps, metrics, last_event, tags, created_at, updated_at)
VALUES ('run_1', 'succeeded', '{}', '{}', '{}', 'sha256:3', 'softmax', 0, 1, 0, 0, 9, 9, '{}', 1, '{}',
        '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000')
"""


def _revision(url: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to a revision, up or down, the way that the program does."""
    move = command.upgrade if target == "0001" and not Path(url.removeprefix("sqlite:///")).exists() else command.downgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: move(config, target))
        patched.setattr(migrate, "_check", lambda *_: None)
        migrate.upgrade(url)


def test_data_of_the_first_version_outlives_the_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing the table of runs deletes nothing that belongs to a run, up and down; deleting a run still does."""
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    _revision(url, "0001", monkeypatch)
    engine = make_writer(url)
    with engine.begin() as db:
        for statement in (A_RUN, *CHILDREN.values()):
            db.execute(text(statement))
    before = _rows(engine)

    assert migrate.upgrade(url) == NEWEST
    upgraded = _rows(engine)
    for table, row in before.items():
        assert upgraded[table].items() >= row.items()
    new = {name: upgraded["runs"][name] for name in ("pause_requested", "environment_changed", "parent", "verified")}
    assert new == {"pause_requested": 0, "environment_changed": 0, "parent": None, "verified": None}

    with engine.begin() as db:
        db.execute(text("UPDATE runs SET status = 'paused'"))
        with pytest.raises(IntegrityError):
            db.execute(text("UPDATE runs SET status = 'asleep'"))
    _revision(url, "0001", monkeypatch)
    assert _rows(engine) == {**before, "runs": {**before["runs"], "status": "queued"}}
    assert migrate.upgrade(url) == NEWEST
    with engine.begin() as db:
        db.execute(text("DELETE FROM runs"))
        left = [db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in CHILDREN]  # noqa: S608 (our names)
    assert left == [0] * len(CHILDREN)
    engine.dispose()


def _rows(engine: Engine) -> dict[str, dict[str, object]]:
    """Return the one row of each table."""
    with engine.begin() as db:
        tables = ("runs", *CHILDREN)
        return {table: dict(db.execute(text(f"SELECT * FROM {table}")).one()._mapping) for table in tables}  # noqa: S608
