"""Owners take turns, priorities order what is one's own, and the places in the queue say so."""

import random
from dataclasses import replace

import pytest

from service.actor import NOBODY, Actor, Permission
from service.domain import Run, RunStatus, StopReason, new_id
from service.runs.update import update
from service.settings import Settings
from service.store import deletion, lifecycle, places, queue, runs
from service.store.unit import Database
from tests.service.records import queue_run

SEED = 5


@pytest.fixture
def template(database: Database) -> Run:
    """Return a run to make others of; the database has none."""
    run = queue_run(database)
    database.write(lambda db: deletion.remove(db, run.id, [RunStatus.QUEUED]))
    return run


LATEST = [""]


def as_owner(database: Database, owner: str, permission: Permission = Permission.TRAIN) -> Database:
    """Return the database as the key of an owner sees it."""
    return database.seen_by(Actor(f"key_{owner}", owner, permission))


def add(seen: Database, template: Run, priority: int = 0, estimate: float = 1.0) -> str:
    """Queue a run; return its id, which comes after all before it: those of one millisecond have no order."""
    while (run_id := new_id("run")) <= LATEST[-1]:
        pass
    LATEST.append(run_id)
    run = replace(template, id=run_id, last_event=0, priority=priority, estimated_seconds=estimate)
    seen.write(lambda db: runs.add(db, run, None))
    return run.id


def claim(database: Database, limit: int = 1, of_one_owner: int | None = None) -> list[str]:
    """Claim runs; return their ids."""
    return [run_id for run_id, _ in database.write(lambda db: lifecycle.claim(db, limit, of_one_owner))]


def finish(database: Database, run_id: str) -> None:
    """End a running run."""
    done = (RunStatus.SUCCEEDED, StopReason.COMPLETED)
    database.write(lambda db: lifecycle.finish(db, run_id, 1, *done))


def places_of(database: Database, ids: list[str]) -> list[tuple[int, float | None]]:
    """Return position and seconds of each run, asked for one by one."""
    stored = database.read(lambda db: [run for run_id in ids if (run := runs.get(db, run_id))])
    found = [database.read(lambda db, run=run: places.standings(db, [run], 1))[run.id] for run in stored]  # type: ignore[misc]
    return [(place.position, place.starts_in_seconds) for place in found]


def test_one_owner_does_not_hold_up_another(database: Database, template: Run) -> None:
    """With one worker, owners are served in turn, however many runs one of them queued before, and at whatever priority."""
    alice, bob, carol = (as_owner(database, name) for name in ("alice", "bob", "carol"))
    first = [add(alice, template, priority=100) for _ in range(6)]
    second = [add(bob, template) for _ in range(2)]
    third = [add(carol, template, priority=-100)]
    order = []
    for _ in range(9):
        (run_id,) = claim(database)
        order.append(run_id)
        finish(database, run_id)
    assert order == [first[0], second[0], third[0], first[1], second[1], *first[2:]]
    assert claim(database) == []


def test_a_free_worker_goes_to_who_has_fewer(database: Database, template: Run) -> None:
    """An owner with two running runs waits until another has as many."""
    alice, bob = as_owner(database, "alice"), as_owner(database, "bob")
    first = [add(alice, template) for _ in range(4)]
    assert claim(database, 2) == first[:2]
    second = [add(bob, template) for _ in range(3)]
    assert claim(database, 2) == second[:2]
    assert claim(database, 2) == [first[2], second[2]]


def test_a_limit_of_running_runs_holds_for_owners_alone(database: Database, template: Run) -> None:
    """More than the limit are not claimed of one owner; of nobody any number is."""
    nobody, alice = as_owner(database, NOBODY), as_owner(database, "alice")
    own, free = [add(alice, template) for _ in range(3)], [add(nobody, template) for _ in range(3)]
    assert sorted(claim(database, 10, of_one_owner=2)) == sorted([*own[:2], *free])
    finish(database, own[0])
    assert claim(database, 10, of_one_owner=2) == [own[2]]


def test_priorities_of_an_admin_count_among_all(database: Database, template: Run) -> None:
    """Above 0, given when the run is made or later; a negative one, or one that a train key gave, orders one's own."""
    alice, bob, admin = as_owner(database, "alice"), as_owner(database, "bob"), as_owner(database, "boss", Permission.ADMIN)
    plain = [add(alice, template, priority) for priority in (0, 100, 5)]
    other = [add(bob, template, priority) for priority in (0, 0)]
    urgent, late = add(admin, template, 1), add(admin, template, -1)
    update(admin, Settings(), other[1], {"priority": 2})
    update(alice, Settings(), plain[2], {"priority": 50})
    order = []
    for _ in range(7):
        (run_id,) = claim(database)
        order.append(run_id)
        finish(database, run_id)
    assert order[:2] == [other[1], urgent]
    assert order[2:] == [plain[1], other[0], late, plain[2], plain[0]]


def test_places_are_those_of_the_claims(database: Database, template: Run) -> None:
    """Asked for one by one or together, with nobody running: the positions are the order in which runs are claimed."""
    rng = random.Random(SEED)
    seen = [as_owner(database, name) for name in ("alice", "bob", "carol", NOBODY)]
    ids = [add(rng.choice(seen[: 1 + i // 10]), template, rng.randint(-3, 3), estimate=2.0) for i in range(40)]
    together = database.read(lambda db: queue.waiting(db, 100, 1))
    alone = dict(zip(ids, places_of(database, ids), strict=True))
    assert {brief.id: (place.position, place.starts_in_seconds) for brief, place in together} == alone
    assert sorted(position for position, _ in alone.values()) == list(range(1, 41))
    assert all(seconds == pytest.approx(2.0 * (position - 1)) for position, seconds in alone.values())
    assert claim(database, 40) == sorted(ids, key=lambda run_id: alone[run_id][0])


def test_the_first_place_is_the_next_claim(database: Database, template: Run) -> None:
    """Whatever runs and whatever is urgent: who is first is claimed next, and both ways to ask for a place agree."""
    rng = random.Random(SEED)
    names = ("alice", "bob", "carol", "boss")
    seen = [as_owner(database, name, Permission.ADMIN if name == "boss" else Permission.TRAIN) for name in names]
    ids = [add(rng.choice(seen), template, rng.randint(-2, 4)) for _ in range(60)]
    running: list[str] = []
    for _ in range(50):
        together = database.read(lambda db: queue.waiting(db, 100, 1))
        waiting = [brief.id for brief, _ in together]
        asked = rng.sample(waiting, min(5, len(waiting)))
        positions = [position for position, _ in places_of(database, asked)]
        assert positions == [waiting.index(run_id) + 1 for run_id in asked], f"seed {SEED}"
        running += (claimed := claim(database))
        assert claimed == waiting[:1], f"seed {SEED}"
        if rng.random() < 0.6:
            finish(database, running.pop(rng.randrange(len(running))))
    assert len(ids) - 50 == len(database.read(lambda db: queue.waiting(db, 100, 1)))
