"""A run and its limits: bytes that it may store, bytes that may wait in memory, and a database that cannot grow."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from core.estimate import CHECKPOINT_BYTES, POINT_BYTES, estimate
from core.spec import Spiral, TrainSpec
from core.types import Point
from service.domain import SERIES, Run, RunStatus, StopReason
from service.errors import DiskFull, TooLarge
from service.runs import backlog, control, intervals, record
from service.runs.backlog import Bounds
from service.runs.execute import execute
from service.runs.extend import extend
from service.runs.history import history
from service.runs.submit import RunRequest, check, submit
from service.settings import Settings
from service.store import checkpoints, lifecycle, metrics
from service.store.room import Reserve, Room
from service.store.unit import Database, Transaction
from tests.faults.undisturbed import undisturbed

BODY: dict[str, Any] = {
    "dataset": {"kind": "spiral"},
    "model": {"kind": "mlp", "hidden_sizes": [2000]},
    "optimizer": {"kind": "adam"},
    "training": {"steps": 60, "log_every": 1, "checkpoint_every": 1},
}
"""A run of 61 milestones of 144 kB."""
STATE_BYTES = 3 * 4 * (2 * 2000 + 2000 + 2000 * 3 + 3)


def _request(**training: object) -> RunRequest:
    parts = {part: BODY[part] for part in ("model", "optimizer")}
    spec = TrainSpec.from_dict({**parts, "training": {**BODY["training"], **training}})
    return RunRequest(dataset=Spiral(), spec=spec)


def _execute(database: Database, run: Run, bounds: Bounds) -> Run:
    ((run_id, attempt),) = database.write(lambda db: lifecycle.claim(db, 1))
    execute(database, run_id, attempt, commit_interval_seconds=60, stopping=lambda: False, bounds=bounds)
    return control.get(database, run.id)


def _stored_bytes(database: Database, run: Run) -> int:
    saved = database.read(lambda db: checkpoints.all_of(db, run.id))
    points = len(history(database, run.id, ("loss",)).steps)
    return sum(one.size_bytes + CHECKPOINT_BYTES for one in saved) + points * POINT_BYTES


@contextmanager
def _full(database: Database) -> Iterator[None]:
    """Let the database not grow by a single page; SQLite calls that a full disk too."""

    def limit(pages: int) -> None:
        database.write(lambda db: db.execute(text(f"PRAGMA max_page_count={pages}")))

    limit(database.read(lambda db: db.execute(text("PRAGMA page_count")).scalar_one()) + 5)
    yield
    limit(1_000_000)


class TestEstimate:
    """What a run stores is told before."""

    @pytest.mark.parametrize(
        ("steps", "log_every", "checkpoint_every"), [(60, 1, 1), (60, 7, 14), (59, 5, 20), (1, 1, 1), (10, 100, 100)]
    )
    def test_no_run_stores_more(self, database: Database, steps: int, log_every: int, checkpoint_every: int) -> None:
        """Counts are exact but for the best and the latest, and the bytes at least those that are there."""
        request = _request(steps=steps, log_every=log_every, checkpoint_every=checkpoint_every)
        cost = check(database, Settings(), request)[2].stored
        run = _execute(database, submit(database, Settings(), request), Bounds(max_run_bytes=cost.total_bytes))
        assert run.status is RunStatus.SUCCEEDED
        saved = database.read(lambda db: checkpoints.all_of(db, run.id))
        assert cost.points == len(history(database, run.id, ("loss",)).steps)
        assert cost.checkpoints - 2 <= len(saved) <= cost.checkpoints
        assert all(one.size_bytes + CHECKPOINT_BYTES <= cost.checkpoint_bytes for one in saved)
        assert _stored_bytes(database, run) <= cost.total_bytes

    def test_a_point_takes_so_many_bytes(self, database: Database) -> None:
        """The figure that points are counted with is that of the database, within a third."""
        run = submit(database, Settings(), _request(steps=1))
        names = [name for name in SERIES if not name.startswith(("val_", "smooth"))]
        points = [Point(step, dict.fromkeys(names, step / 7)) for step in range(1, 20_000)]
        pages = [database.read(lambda db: db.execute(text("PRAGMA page_count")).scalar_one())]
        database.write(lambda db: metrics.append(db, run.id, points))
        pages.append(database.read(lambda db: db.execute(text("PRAGMA page_count")).scalar_one()))
        assert 2 / 3 < (pages[1] - pages[0]) * 4096 / 20_000 / POINT_BYTES <= 1

    def test_a_time_budget_bounds_it(self) -> None:
        """A run that ends after a second has no 10⁹ points."""
        spec = TrainSpec.from_dict({"model": {"kind": "softmax"}, "training": {"steps": 10**9, "log_every": 1,
                                    "checkpoint_every": 10**9, "time_budget": 1}})  # fmt: skip
        assert estimate(spec, 300, 2, 3).stored.points < 10**6

    def test_one_that_stores_too_much_is_refused(self, database: Database) -> None:
        """The message names what it would take, the limit and the setting; so for one that is made from another."""
        settings = Settings(max_run_bytes=5_000_000)
        with pytest.raises(TooLarge, match=r"would store about [\d,]+ bytes.* allows 5,000,000 \(POSTGRAD_MAX_RUN_BYTES\)"):
            submit(database, settings, _request())
        run = _execute(database, submit(database, settings, _request(steps=10)), Bounds())
        with pytest.raises(TooLarge, match="POSTGRAD_MAX_RUN_BYTES"):
            extend(database, settings, run.id, 1000, None)


class TestLimit:
    """What a run stores is counted while it trains."""

    def test_the_run_ends_as_failed_with_what_it_has(self, database: Database) -> None:
        """It stays below its limit, says why, and its data can be used."""
        limit = 20 * STATE_BYTES
        run = _execute(database, submit(database, Settings(), _request()), Bounds(max_run_bytes=limit))
        assert (run.status, run.stop_reason) == (RunStatus.FAILED, StopReason.ERROR)
        assert run.error is not None
        assert (run.error["code"], run.error["step"]) == ("stored_too_much", run.step)
        assert f"allows {limit:,} (POSTGRAD_MAX_RUN_BYTES)" in run.error["detail"]
        assert 0.8 * limit < _stored_bytes(database, run) <= limit
        steps = history(database, run.id, ("loss",)).steps
        assert steps == list(range(run.step + 1))
        assert database.read(lambda db: checkpoints.all_of(db, run.id))[-1].step == run.step

    def test_what_earlier_attempts_have_stored_counts(self, database: Database) -> None:
        """A run that is given back and goes on has the same limit."""
        run, limit = submit(database, Settings(), _request()), 20 * STATE_BYTES
        steps = iter(range(10))
        ((run_id, attempt),) = database.write(lambda db: lifecycle.claim(db, 1))
        execute(
            database,
            run_id,
            attempt,
            commit_interval_seconds=0,
            stopping=lambda: next(steps, None) is None,
            bounds=Bounds(max_run_bytes=limit),
        )
        assert control.get(database, run.id).step > 3
        run = _execute(database, run, Bounds(max_run_bytes=limit))
        assert (run.status, run.attempt) == (RunStatus.FAILED, 2)
        assert 0.8 * limit < _stored_bytes(database, run) <= limit


class TestFull:
    """A database that cannot grow."""

    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Try again at once."""
        monkeypatch.setattr(record, "RETRY_SECONDS", 0.01)

    def test_training_waits_and_goes_on_with_the_same_bits(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """No more is held than may be, nothing is lost, and the waiting is no time of training."""
        run = submit(database, Settings(), _request())
        held, waited = [], 0
        see = backlog.Backlog.check

        def looked(self: backlog.Backlog, step: int, *, milestone: bool) -> None:
            held.append(self.held_bytes)
            see(self, step, milestone=milestone)

        def wait(self: intervals.Intervals, seconds: float) -> None:
            nonlocal waited
            waited += 1
            if waited == 3:
                database.write(lambda db: db.execute(text("PRAGMA max_page_count=1000000")))
            real(self, seconds + 0.3)

        real = intervals.Intervals.wait
        monkeypatch.setattr(backlog.Backlog, "check", looked)
        monkeypatch.setattr(intervals.Intervals, "wait", wait)
        with _full(database):
            run = _execute(database, run, Bounds(max_backlog_bytes=5 * STATE_BYTES))
        assert waited == 3
        assert max(held) < 7 * STATE_BYTES
        assert run.status is RunStatus.SUCCEEDED
        assert run.weights_digest == undisturbed(BODY).weights_digest
        assert history(database, run.id, ("loss",)).series["loss"] == undisturbed(BODY).loss
        assert len(database.read(lambda db: checkpoints.all_of(db, run.id))) == 61

    def test_checkpoints_are_limited(self, database: Database) -> None:
        """A run with too many is refused with what would fit, which is accepted; one that was not ends with what it has."""
        settings = Settings(max_checkpoints=20)
        with pytest.raises(
            TooLarge, match=r"63 checkpoints with training\.checkpoint_every 1, .* 20 .*MAX_CHECKPOINTS\)"
        ) as told:
            submit(database, settings, _request(steps=60, checkpoint_every=1))
        fits = int(re.findall(r"training\.checkpoint_every (\d+) keeps fewer; ", str(told.value))[0])
        run = _execute(
            database, submit(database, settings, _request(steps=60, checkpoint_every=fits)), Bounds(max_checkpoints=20)
        )
        assert run.status is RunStatus.SUCCEEDED
        with pytest.raises(TooLarge):
            submit(database, settings, _request(steps=60, checkpoint_every=fits - 1))
        run = _execute(
            database, submit(database, Settings(), _request(steps=60, checkpoint_every=1)), Bounds(max_checkpoints=20)
        )
        assert (run.status, run.error and run.error["code"]) == (RunStatus.FAILED, "stored_too_much")
        assert "POSTGRAD_MAX_CHECKPOINTS" in str(run.error)
        assert 18 <= len(database.read(lambda db: checkpoints.all_of(db, run.id))) <= 20

    @pytest.mark.parametrize("wish", ["cancel", "pause"])
    def test_a_run_that_waits_can_be_stopped(self, database: Database, monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
        """It ends without the interval that has no room, and says so."""
        run = submit(database, Settings(), _request())
        act = {"cancel": control.cancel, "pause": control.pause}[wish]

        def wait(*_: object) -> None:
            act(database, run.id)

        monkeypatch.setattr(intervals.Intervals, "wait", wait)
        with _full(database):
            stopped = _execute(database, run, Bounds(max_backlog_bytes=5 * STATE_BYTES))
        assert stopped.status == {"cancel": "cancelled", "pause": "paused"}[wish]
        told = [event.data.get("why", "") for event in control.event_page(database, run.id, after=0, limit=100)]
        assert "the disk is full" in told[-1]
        if wish == "pause":
            control.resume(database, run.id)
            assert _execute(database, run, Bounds()).weights_digest == undisturbed(BODY).weights_digest

    def test_it_waits_at_its_end_too(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that is over but not stored can be cancelled, and is given back when the server ends."""
        run = submit(database, Settings(), _request(checkpoint_every=60))
        monkeypatch.setattr(intervals.Intervals, "wait", lambda *_: control.cancel(database, run.id))
        with _full(database):
            assert _execute(database, run, Bounds()).status is RunStatus.CANCELLED

    def test_below_the_floor_nothing_is_begun(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """New runs are refused with the figures and the setting, and a running one waits until there is room."""
        floor = database.room().free_bytes * 2
        with pytest.raises(DiskFull, match=rf"keeps {floor:,} free \(POSTGRAD_MIN_FREE_BYTES\)"):
            submit(database, Settings(min_free_bytes=floor), _request())
        run = submit(database, Settings(min_free_bytes=0), _request())
        low = Database(database.url, min_free_bytes=floor)
        waits = iter(range(3))

        def wait(*_: object) -> None:
            assert control.get(database, run.id).step == 0
            if next(waits, None) is None:
                low._min_free_bytes = 0

        monkeypatch.setattr(intervals.Intervals, "wait", wait)
        run = _execute(low, run, Bounds(max_backlog_bytes=5 * STATE_BYTES))
        low.close()
        assert run.weights_digest == undisturbed(BODY).weights_digest


class TestReserve:
    """Space for small writes where there is no other."""

    def test_it_is_given_up_once_and_made_again(self, database: Database) -> None:
        """It takes its size on the disk, only where there is enough beside it."""
        reserve = Reserve(database.url)
        room = Room(free_bytes=100_000_000, reusable_bytes=0, floor_bytes=8_000_000)
        reserve.keep(replace(room, free_bytes=9_000_000))
        assert not reserve.give_up()
        reserve.keep(room)
        reserve.keep(room)
        assert reserve._path.stat().st_blocks * 512 >= room.reserve_bytes == 2_000_000
        assert (reserve.give_up(), reserve.give_up()) == (True, False)

    def test_only_small_writes_spend_it(self, database: Database) -> None:
        """A write that finds the disk full is tried again without the reserve."""
        reserve = Reserve(database.url)
        reserve.keep(Room(free_bytes=100_000_000, reusable_bytes=0, floor_bytes=8_000_000))

        def grow(db: Transaction) -> None:
            if reserve._path.exists():
                db.execute(text(f"PRAGMA max_page_count={pages}"))
            else:
                db.execute(text("PRAGMA max_page_count=1000000"))
            db.execute(text("CREATE TABLE filler (content BLOB)"))
            db.execute(text("INSERT INTO filler VALUES (zeroblob(100000))"))

        pages = database.read(lambda db: db.execute(text("PRAGMA page_count")).scalar_one())
        with pytest.raises(DiskFull):
            database.write(grow)
        assert reserve._path.exists()
        database.spending().write(grow)
        assert not reserve._path.exists()

    @pytest.mark.parametrize(
        ("free", "reusable", "needed", "lacks"),
        [
            (100, 0, 0, False),
            (99, 0, 0, True),
            (30, 70, 0, False),
            (24, 200, 0, True),
            (120, 0, 70, False),
            (120, 0, 71, True),
            (0, 0, 0, True),
        ],
    )
    def test_unused_pages_count_as_room(self, free: int, reusable: int, needed: int, lacks: bool) -> None:  # noqa: FBT001
        """But a quarter of the floor has to be free on the disk, for the log."""
        assert Room(free, reusable, 100).lacks(needed) is lacks
