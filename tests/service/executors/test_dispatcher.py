"""The dispatcher goes on, whatever happens to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from service.domain import RunStatus
from service.executors.dispatcher import Dispatcher
from service.runs import control
from service.settings import Settings
from service.store import lifecycle
from service.store.unit import Database, Transaction
from tests.faults.processes import until
from tests.service.records import queue_run


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    """Return settings for the migrated database; a run may not stall even once."""
    return Settings(data_dir=tmp_path, database_url=url, workers=1, max_stalled_attempts=1)


@pytest.fixture
def dispatcher(database: Database, settings: Settings) -> Iterator[Dispatcher]:
    """Return a dispatcher that has not been started, and stop it."""
    made = Dispatcher(database, settings)
    yield made
    made.stop()


def test_an_unexpected_error_does_not_end_the_queue(
    database: Database, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an error that nobody thought of, runs are placed again as soon as it is over."""
    real, left = lifecycle.claim, iter(range(2))

    def claim(db: Transaction, limit: int, of_one_owner: int | None = None) -> list[tuple[str, int]]:
        if next(left, None) is not None:
            raise OperationalError("claim", {}, Exception("attempt to write a readonly database"))
        return real(db, limit, of_one_owner)

    monkeypatch.setattr(lifecycle, "claim", claim)
    run = queue_run(database)
    dispatcher.start()
    until(lambda: control.get(database, run.id).terminal)
    assert dispatcher.alive
    assert control.get(database, run.id).status is RunStatus.SUCCEEDED


def test_a_restart_of_the_server_is_not_blamed_on_its_runs(database: Database, dispatcher: Dispatcher) -> None:
    """A run that was under way when the server died is queued again, however few lost workers it may have."""
    run = queue_run(database, steps=60)
    database.write(lambda db: lifecycle.claim(db, 1))
    dispatcher.start()
    until(lambda: control.get(database, run.id).terminal)
    ended = control.get(database, run.id)
    assert (ended.status, ended.attempt, ended.stalled_attempts) == (RunStatus.SUCCEEDED, 2, 0)
