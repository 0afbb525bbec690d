"""Bring the database to the tables of this program: one transaction, so a killed migration leaves no trace."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Select, column, select, table
from sqlalchemy.engine import make_url

import migrations
from service.errors import NewerDatabase
from service.store.engine import make_migrator, make_peeker
from service.store.room import Reserve


def upgrade(url: str) -> str:
    """Migrate to the newest revision and return its name; several processes may call this at once."""
    engine = make_migrator(url)
    try:
        _prepare(engine, url)
        with engine.begin() as connection:  # takes the write lock: a second process waits, then finds nothing to do
            config = _config()
            head = str(ScriptDirectory.from_config(config).get_current_head())
            present = _check(connection, config)
            if present != head:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise RuntimeError(f"the migration would leave a row without what it refers to: {tuple(broken)}")
        return head
    finally:
        engine.dispose()


@dataclass(frozen=True)
class Revisions:
    """Where a database stands. `present` is None as long as it has no tables."""

    present: str | None
    newest: str
    known: bool
    """Whether this program knows the present one; if not, the database is of a newer version."""


def look(url: str) -> Revisions:
    """Return where a database stands, and change nothing: one that is not there is not made."""
    config = _config()
    newest, known = str(ScriptDirectory.from_config(config).get_current_head()), _known(config)
    path = make_url(url).database
    if path and path != ":memory:" and not Path(path).exists():
        return Revisions(None, newest, known=True)
    engine = make_peeker(url)
    try:
        with engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return Revisions(present, newest, known=present is None or present in known)


def is_current(connection: Connection) -> bool:
    """Return whether the database has the tables of this program."""
    return MigrationContext.configure(connection).get_current_revision() == _head()


def is_current_now(peek: Callable[[Select[Any]], tuple[Any, ...] | None]) -> bool:
    """Return the same by one small read, which waits for none of the connections that others use."""
    return peek(_REVISION) == (_head(),)


_REVISION: Select[Any] = select(column("version_num")).select_from(table("alembic_version"))


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _prepare(engine: Engine, url: str) -> None:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # as the server makes it
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same mode
        Reserve(url).make_way()
    raw = engine.raw_connection()
    try:
        mode = raw.cursor().execute("PRAGMA journal_mode=WAL").fetchone()[0]
    finally:
        raw.close()
    if mode != "wal":
        raise RuntimeError(f"SQLite keeps the journal mode {mode!r}; it needs 'wal', so a file on a local disk")


def _check(connection: Connection, config: Config) -> str | None:
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in _known(config):
        raise NewerDatabase(
            f"the database is at revision {present}, which this version of postgrad does not know: "
            f"it was made by a newer version; install that one, or point POSTGRAD_DATA_DIR at another directory"
        )
    return present


def _known(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config
