"""The life of a run in the database: each change is one compare-and-set."""

import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Barrier

import pytest

from service.domain import TERMINAL, TRANSITIONS, Event, Run, RunStatus, StopReason
from service.store import events, lifecycle, runs
from service.store.lifecycle import Fenced
from service.store.unit import Database
from tests.service.records import queue_run


def _get(database: Database, run_id: str) -> Run:
    run = database.read(lambda db: runs.get(db, run_id))
    assert run is not None
    return run


def _events(database: Database, run_id: str) -> list[Event]:
    return database.read(lambda db: events.page(db, run_id, after=0, limit=100))


def _claim(database: Database, limit: int = 1) -> list[tuple[str, int]]:
    return database.write(lambda db: lifecycle.claim(db, limit))


def _claim_all(url: str, taken: "multiprocessing.Queue[tuple[str, int]]", all_there: Barrier) -> None:
    database = Database(url)
    all_there.wait(60)
    while claimed := database.write(lambda db: lifecycle.claim(db, 1)):
        taken.put(claimed[0])
    database.close()


def test_no_run_is_claimed_twice(url: str, database: Database) -> None:
    """Four processes that claim sixty runs as fast as they can take each run once."""
    ids = {queue_run(database).id for _ in range(60)}
    context = multiprocessing.get_context("spawn")
    taken: multiprocessing.Queue[tuple[str, int]] = context.Queue()
    all_there = context.Barrier(4)
    processes = [context.Process(target=_claim_all, args=(url, taken, all_there)) for _ in range(4)]
    for process in processes:
        process.start()
    claimed = [taken.get(timeout=90) for _ in ids]
    for process in processes:
        process.join()
    assert taken.empty()
    assert sorted(claimed) == sorted((run_id, 1) for run_id in ids)


def test_the_oldest_of_the_highest_priority_is_claimed_first(database: Database) -> None:
    """Runs are trained in the order in which they came."""
    first, second, third = (queue_run(database).id for _ in range(3))
    assert [run_id for run_id, _ in _claim(database, 2)] == [first, second]
    assert [run_id for run_id, _ in _claim(database, 5)] == [third]
    assert _claim(database) == []


def test_several_priorities_are_claimed_at_once(database: Database) -> None:
    """The highest comes first, then the next, whatever came first in time."""
    model = queue_run(database)
    for run_id, priority in (("run_low", -1), ("run_high1", 5), ("run_high2", 5), ("run_mid", 1)):
        waiting = replace(model, id=run_id, priority=priority)
        database.write(partial(runs.add, run=waiting, dataset_id=None))
    assert [run_id for run_id, _ in _claim(database, 4)] == ["run_high1", "run_high2", "run_mid", model.id]
    assert [run_id for run_id, _ in _claim(database, 4)] == ["run_low"]


WRITES: dict[str, Callable[[Database, str, int], object]] = {
    "progress": lambda database, run_id, attempt: database.write(
        lambda db: lifecycle.progress(
            db, run_id, attempt, step=1, steps_per_second=None, training_seconds=0, metrics={}, best_step=None
        )
    ),
    "finish": lambda database, run_id, attempt: database.write(
        lambda db: lifecycle.finish(db, run_id, attempt, RunStatus.SUCCEEDED, StopReason.COMPLETED)
    ),
    "release": lambda database, run_id, attempt: database.write(
        lambda db: lifecycle.release(db, run_id, attempt, why="test", stalled=False)
    ),
}


@pytest.mark.parametrize("write", WRITES)
def test_only_the_present_attempt_may_write(database: Database, write: str) -> None:
    """A worker that lost its run to another is refused at its next write, whatever it is, and nothing is changed."""
    run_id = queue_run(database).id
    _claim(database)
    database.write(lambda db: lifecycle.release(db, run_id, 1, why="lost", stalled=True))
    _claim(database)
    before = _get(database, run_id)
    with pytest.raises(Fenced):
        WRITES[write](database, run_id, 1)
    assert _get(database, run_id) == before
    WRITES[write](database, run_id, 2)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_terminal_state_never_changes(database: Database, status: RunStatus, write: str) -> None:
    """Once a run has ended, no write of a worker, no cancel, pause, resume and no claim changes it."""
    run_id = queue_run(database).id
    _claim(database)
    database.write(lambda db: lifecycle.finish(db, run_id, 1, status, StopReason.COMPLETED))
    before = _get(database, run_id)
    with pytest.raises(Fenced):
        WRITES[write](database, run_id, 1)
    for ask in (lifecycle.cancel, lifecycle.pause, lifecycle.resume):
        database.write(lambda db, ask=ask: ask(db, run_id))  # type: ignore[misc]
    assert _claim(database) == []
    assert _get(database, run_id) == before


@pytest.mark.parametrize("write", WRITES)
def test_no_worker_writes_to_a_paused_run(database: Database, write: str) -> None:
    """The attempt that paused is over; the next one begins when the run is resumed."""
    run_id = queue_run(database).id
    _claim(database)
    database.write(lambda db: lifecycle.pause(db, run_id))
    WRITES["release"](database, run_id, 1)
    before = _get(database, run_id)
    assert (before.status, before.pause_requested) == (RunStatus.PAUSED, False)
    with pytest.raises(Fenced):
        WRITES[write](database, run_id, 1)
    assert _claim(database) == []
    assert _get(database, run_id) == before
    assert database.write(lambda db: lifecycle.resume(db, run_id))
    assert _claim(database) == [(run_id, 2)]
    told = [event.data.get("status") for event in _events(database, run_id)]
    assert told == ["queued", "running", "running", "paused", "queued", "running"]


def test_cancel_races_the_end(database: Database) -> None:
    """When cancel and the last commit come at the same time, one of them decides and there is one terminal event."""
    for _ in range(40):
        run_id = queue_run(database).id
        _claim(database)
        barrier = threading.Barrier(2)

        def finish(run_id: str = run_id, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            WRITES["finish"](database, run_id, 1)

        def cancel(run_id: str = run_id, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            database.write(lambda db: lifecycle.cancel(db, run_id))

        threads = [threading.Thread(target=finish), threading.Thread(target=cancel)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = _events(database, run_id)
        assert _get(database, run_id).status is RunStatus.SUCCEEDED
        assert [event.data["status"] for event in told].count("succeeded") == 1


def test_events_are_numbered_without_a_gap(database: Database) -> None:
    """The events of a run count from one, whoever adds them."""
    run_id = queue_run(database).id
    threads = [
        threading.Thread(target=lambda: database.write(lambda db: events.append(db, run_id, [("state", {}), ("state", {})])))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = _events(database, run_id)
    assert [event.seq for event in told] == list(range(1, 42))
    assert _get(database, run_id).last_event == 41


def test_progress_clears_the_count_of_stalled_attempts(database: Database) -> None:
    """Only workers lost in a row without a step of progress are counted against a run."""
    run_id = queue_run(database).id
    for lost in (1, 2):
        _claim(database)
        database.write(lambda db, lost=lost: lifecycle.release(db, run_id, lost, why="lost", stalled=True))  # type: ignore[misc]
        assert _get(database, run_id).stalled_attempts == lost
    _claim(database)
    WRITES["progress"](database, run_id, 3)
    assert _get(database, run_id).stalled_attempts == 0


def test_every_status_has_its_transitions() -> None:
    """The table of transitions names every status, and nothing leads out of an end."""
    assert set(TRANSITIONS) == set(RunStatus)
    assert {status for status, onward in TRANSITIONS.items() if not onward} == TERMINAL
