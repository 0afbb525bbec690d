"""A deleted run is gone for everybody at once; its rows go in pieces, whatever happens between two of them."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from core.spec import Spiral, TrainSpec
from core.types import Point
from service.actor import DELETED, Actor, Permission
from service.domain import StoredDataset, now
from service.errors import InvalidInput, NotFound
from service.runs import api_keys, control, datasets
from service.runs.deleting import Deleting
from service.runs.submit import RunRequest, submit
from service.settings import Settings
from service.store import checkpoints, deletion, events, lifecycle, metrics, runs, served, usage
from service.store.runs import Filters
from service.store.schema import metadata
from service.store.tables import attempts
from service.store.tables import runs as run_rows
from service.store.unit import Database
from tests.faults.processes import until
from tests.service.records import queue_run

OWNER = Actor("key_1", "key_1", Permission.TRAIN)
TABLES = [table for table in metadata.tables.values() if "run_id" in table.c or table is run_rows]


def rows(database: Database) -> dict[str, int]:
    """Return the number of rows of each table that a run has some in."""
    return database.read(
        lambda db: {
            t.name: db.execute(select(func.count()).select_from(t)).scalar_one() for t in TABLES if "model" not in t.name
        }
    )


def fill(database: Database, run_id: str, number: int, state_bytes: int = 10) -> None:
    """Give a run points, events, checkpoints and an attempt."""
    database.write(lambda db: metrics.append(db, run_id, [Point(step, {"loss": 1.0}) for step in range(number)]))
    database.write(lambda db: events.append(db, run_id, [("log", {"n": n}) for n in range(number)]))
    states = [
        checkpoints.Snapshot(f"ckpt_{run_id}_{step}", step, bytes(state_bytes), "sha256:0", "sha256:0", kept=True)
        for step in range(4)
    ]
    database.write(lambda db: checkpoints.save(db, run_id, 1, states, best_step=None))
    begun = {"run_id": run_id, "attempt": 1, "started_at": now(), "from_step": 0, "environment": {}}
    database.write(lambda db: db.execute(insert(attempts).values(**begun)))


def finish(database: Database) -> int:
    """Delete pieces until nothing is left; return how many there were."""
    pieces = 0
    while (run_id := database.read(deletion.first)) is not None:
        database.write(lambda db, run_id=run_id: deletion.piece(db, run_id))  # type: ignore[misc]
        pieces += 1
        assert pieces < 100
    return pieces


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a piece be small."""
    monkeypatch.setattr(deletion, "ROWS", 10)
    monkeypatch.setattr(deletion, "BYTES", 25)


@pytest.mark.usefixtures("small_pieces")
def test_gone_at_once_and_then_in_pieces(database: Database) -> None:
    """After the first piece nobody sees or counts the run; each piece is small; in the end no row is left."""
    seen = database.seen_by(OWNER)
    run, other = queue_run(seen), queue_run(seen)
    fill(database, run.id, 37)
    fill(database, other.id, 3)
    before = database.read(lambda db: metrics.history(db, other.id, ["loss"])).steps.tolist()
    version = database.read(lambda db: runs.versions(db, [run.id]))
    assert version
    control.delete(seen, run.id)
    assert rows(database)["metrics"] == 27 + 3
    for view in (seen, database):
        with pytest.raises(NotFound):
            control.get(view, run.id)
        with pytest.raises(NotFound):
            control.delete(view, run.id)
        page = view.read(lambda db: runs.page(db, Filters(), after=None, limit=9, newest_first=True, most_bytes=10**6))
        assert [found.id for found in page.rows] == [other.id]
        assert served.find(view, run.id, None) is None
        assert served.find(view, other.id, None) is not None
    assert database.read(lambda db: runs.versions(db, [run.id])) == {}
    for kept in (seen.read(usage.own), database.read(usage.total)):
        assert (kept.runs, kept.points, kept.checkpoints, kept.checkpoints_bytes) == (1, 3, 4, 40)
    counts, pieces = [sum(rows(database).values())], 0
    while (run_id := database.read(deletion.first)) is not None:
        database.write(lambda db, run_id=run_id: deletion.piece(db, run_id))  # type: ignore[misc]
        counts.append(sum(rows(database).values()))
        pieces += 1
    assert all(0 < more - less <= 14 for more, less in pairwise(counts))
    assert pieces >= 7
    assert rows(database) == {"runs": 1, "metrics": 3, "events": 4, "checkpoints": 4, "attempts": 1}
    assert database.read(lambda db: metrics.history(db, other.id, ["loss"])).steps.tolist() == before
    assert database.read(usage.total).points == 3
    control.delete(seen, other.id)
    finish(database)
    assert set(rows(database).values()) == {0}
    sums = database.read(lambda db: [row[1:-1] for row in db.execute(select(usage.usage))])
    assert not any(map(any, sums))  # of every owner, and of what was deleted


def test_small_runs_go_whole(database: Database) -> None:
    """A run without many rows is gone with the first transaction."""
    run = queue_run(database)
    fill(database, run.id, 20)
    control.delete(database, run.id)
    assert set(rows(database).values()) == {0}
    assert database.read(deletion.first) is None


@pytest.mark.usefixtures("small_pieces")
def test_checkpoints_by_their_bytes(database: Database) -> None:
    """A piece has so many bytes of checkpoints, or one that is larger."""
    left = []
    for state_bytes in (5, 10, 1000):
        run = queue_run(database)
        fill(database, run.id, 0, state_bytes)
        control.delete(database, run.id)
        left.append(rows(database)["checkpoints"])
        finish(database)
    assert left == [0, 2, 3]


@pytest.mark.usefixtures("small_pieces")
def test_what_it_used_can_be_deleted(database: Database) -> None:
    """The dataset of a deleted run is free, and a key cannot be made for what was deleted."""
    info, _ = datasets.create(database, Settings(), Spiral(points_per_class=10), None)
    spec = TrainSpec.from_dict({"model": {"kind": "softmax"}, "training": {"steps": 50}})
    run = submit(database, Settings(), RunRequest(dataset=StoredDataset(id=info.id), spec=spec))
    fill(database, run.id, 37)
    control.delete(database, run.id)
    assert database.read(deletion.first) == run.id
    datasets.delete(database, info.id)
    request = api_keys.KeyRequest(name="x", scopes=[Permission.ADMIN], owner=DELETED)
    with pytest.raises(InvalidInput, match="nothing belongs to"):
        api_keys.create(database, request)
    assert finish(database)


@pytest.mark.usefixtures("small_pieces")
def test_a_worker_that_still_writes_is_fenced(database: Database) -> None:
    """An attempt that lost its run, which was deleted since, adds no row to it; neither does who would cancel or resume it."""
    run = queue_run(database)
    ((run_id, attempt),) = database.write(lambda db: lifecycle.claim(db, 1))
    fill(database, run_id, 37)
    database.write(lambda db: lifecycle.release(db, run_id, attempt, why="lost", stalled=False))
    control.delete(database, run.id)
    before = rows(database)

    def progress(database: Database) -> None:
        done: Any = {"step": 5, "steps_per_second": None, "training_seconds": 0.0, "metrics": {}, "best_step": None}
        database.write(lambda db: lifecycle.progress(db, run_id, attempt, **done))

    with pytest.raises(lifecycle.Fenced):
        progress(database)
    assert database.write(lambda db: lifecycle.claim(db, 9)) == []
    for change in (control.cancel, control.pause, control.resume):
        with pytest.raises(NotFound):
            change(database, run_id)
    assert rows(database) == before
    finish(database)
    assert set(rows(database).values()) == {0}


@pytest.mark.usefixtures("small_pieces")
def test_two_servers_delete_at_once(database: Database, url: str) -> None:
    """Both take pieces of the same runs, neither fails, and all is gone."""
    made = [queue_run(database).id for _ in range(3)]
    for run_id in made:
        fill(database, run_id, 60)
        control.delete(database, run_id)
    assert rows(database)["runs"] == 3
    other = Database(url)
    threads = [Deleting(one) for one in (database, other)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: set(rows(database).values()) == {0})
    finally:
        for thread in threads:
            thread.stop()
        other.close()
