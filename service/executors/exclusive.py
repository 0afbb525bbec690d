"""One server for each data directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import DataDirectoryInUse


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this server alone: what it finds running there, nobody runs any more."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataDirectoryInUse(
                f"another postgrad server uses {data_dir.absolute()}: stop it, or choose another directory "
                f"with --data-dir or POSTGRAD_DATA_DIR"
            ) from error
        yield
