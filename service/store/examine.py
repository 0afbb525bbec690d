"""Examination of a database file: whether its pages are what SQLite has written."""

import time

from service.store.engine import make_peeker, sqlite_module
from service.store.faults import DAMAGED
from service.store.files import file_of

STEPS = 100_000  # of SQLite's virtual machine between two looks at the clock


def examine(url: str, seconds: float) -> list[str] | None:
    """Return what is wrong with the file, at most ten things; None if it is not known after so many seconds."""
    if not file_of(url).exists():
        return []
    engine, deadline = make_peeker(url), time.monotonic() + seconds
    module = sqlite_module()
    try:
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            driver.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)  # type: ignore[union-attr]
            try:
                found = driver.execute("PRAGMA quick_check(10)").fetchall()  # type: ignore[union-attr]
            except module.DatabaseError as error:
                if "interrupted" in str(error):
                    return None
                if any(sign in str(error) for sign in DAMAGED):
                    return [str(error)]
                raise
            finally:
                driver.set_progress_handler(None, 0)  # type: ignore[union-attr]
    finally:
        engine.dispose()
    return [line for (line,) in found if line != "ok"]
