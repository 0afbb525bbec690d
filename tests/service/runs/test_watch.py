"""Waiting for runs."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from service.actor import NOBODY
from service.domain import Run
from service.errors import Busy, TooManyStreams
from service.runs import control
from service.runs.watch import POLL_SECONDS, Watch
from service.store.unit import Database
from tests.service.records import queue_run

ENDLESS = 3600  # seconds: a wait that nothing ends does not end


@pytest.fixture
def watch(database: Database) -> Iterator[Watch]:
    """Start a watch, and close it."""
    made = Watch(database, seats=2, seats_of_one=1)
    made.start()
    yield made
    made.close()


async def many_wait(watch: Watch, number: int) -> None:
    """Wait until so many wait."""
    while len(watch._waiters) < number:  # noqa: ASYNC110 (nobody tells)
        await asyncio.sleep(0.01)


def test_a_change_between_reading_and_waiting_is_not_missed(database: Database, watch: Watch) -> None:
    """Who waits names what was seen: a change that came before the wait ends it at once."""
    seen = control.get(database, queue_run(database).id)
    control.pause(database, seen.id)
    assert asyncio.run(watch.change(seen, ENDLESS))


def test_changes_while_waiting(database: Database, watch: Watch) -> None:
    """Every kind of change ends the wait: a state, a flag, a name, the end of the row."""
    for change in (control.pause, control.resume, control.cancel, control.delete):
        run = control.get(database, queue_run(database).id)
        if change is control.resume:
            run = control.pause(database, run.id)

        async def waited(run: Run = run, change: Any = change) -> bool:
            waiting = asyncio.create_task(watch.change(run, ENDLESS))
            await many_wait(watch, 1)
            await asyncio.to_thread(change, database, run.id)
            return await waiting

        assert asyncio.run(waited())


def test_nobody_waits_nothing_is_read(database: Database, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is left alone while nobody waits, and read once at a time however many do."""
    run = control.get(database, queue_run(database).id)
    reads = 0
    real = database.read

    def counting(work: Any) -> Any:
        nonlocal reads
        reads += 1
        return real(work)

    monkeypatch.setattr(database, "read", counting)
    time.sleep(0.3)  # in which one who waits would cost six reads
    assert reads == 0

    async def many() -> list[bool]:
        return list(await asyncio.gather(*(watch.change(run, 0.5) for _ in range(200))))

    begun = time.monotonic()
    assert not any(asyncio.run(many()))
    assert 1 <= reads <= 3 + (time.monotonic() - begun) / POLL_SECONDS


def test_a_busy_database_is_waited_for(database: Database, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that fails is made again."""
    run = control.get(database, queue_run(database).id)
    control.pause(database, run.id)
    real, failures = database.read, iter([Busy("locked"), ValueError("a mistake")])

    def failing(work: Any) -> Any:
        error = next(failures, None)
        if error is not None:
            raise error
        return real(work)

    monkeypatch.setattr(database, "read", failing)
    assert asyncio.run(watch.change(run, ENDLESS))
    assert next(failures, None) is None


def test_stopping_wakes_all(database: Database, watch: Watch) -> None:
    """Whoever waits goes on at once, and nobody waits any more."""
    run = control.get(database, queue_run(database).id)

    async def stopped() -> list[bool]:
        waiting = [asyncio.create_task(watch.change(run, ENDLESS)) for _ in range(10)]
        await many_wait(watch, 10)
        watch.stop()
        return [*await asyncio.gather(*waiting), await watch.change(run, ENDLESS)]

    assert asyncio.run(stopped()) == [False] * 11


def test_seats(watch: Watch) -> None:
    """There are as many as were set, and each is given back."""
    for _ in range(3):
        with watch.seat(NOBODY), watch.seat(NOBODY):
            assert watch.full(NOBODY)
            with pytest.raises(TooManyStreams, match="POSTGRAD_MAX_STREAMS"), watch.seat(NOBODY):
                pass
        assert not watch.full(NOBODY)
        with watch.seat("key_1"):
            assert watch.full("key_1")
            assert not watch.full("key_2")
            with pytest.raises(TooManyStreams, match="POSTGRAD_MAX_STREAMS_PER_KEY"), watch.seat("key_1"):
                pass
        assert not watch.full("key_1")
