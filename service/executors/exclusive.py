"""One server for each data directory, and one for each database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import DataDirectoryInUse
from service.store.files import file_of


@contextmanager
def exclusive(data_dir: Path, url: str) -> Iterator[None]:
    """Hold the data directory and the database for this server alone: what it finds running there, nobody runs any more."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = file_of(url)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A lock on the database file itself would be lost whenever SQLite closes it.
    with (
        _held(
            data_dir / "server.lock",
            f"{data_dir.absolute()}: stop it, or choose another directory with --data-dir or POSTGRAD_DATA_DIR",
        ),
        _held(
            database.with_name(f"{database.name}-lock"),
            f"the database {database}: stop it, or choose another one with POSTGRAD_DATABASE_URL",
        ),
    ):
        yield


@contextmanager
def _held(path: Path, what: str) -> Iterator[None]:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:  # noqa: PTH123 (Path.open gives no mode)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataDirectoryInUse(f"another postgrad server uses {what}") from error
        yield
