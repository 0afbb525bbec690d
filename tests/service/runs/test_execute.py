"""The bridge between the core and the store, without processes: attempts that are cut off at every possible point."""

import math
from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.data import synthetic
from core.problem import Problem
from core.spec import Spiral, TrainSpec
from core.train import quiet, train
from core.types import Point
from service.domain import Run, RunStatus, StopReason
from service.runs import control, datasets
from service.runs.execute import execute
from service.runs.history import history
from service.runs.patience import ENDLESS
from service.runs.predict import ModelCache, predict
from service.runs.submit import RunRequest, submit
from service.settings import Settings
from service.store import attempts, checkpoints, lifecycle, tables
from service.store.unit import Database, Transaction

MODEL = {"kind": "mlp", "hidden_sizes": [8]}
DATA = Spiral(points_per_class=20)
SERIES = ("loss", "data_loss", "reg_loss", "train_accuracy")


def _submit(database: Database, optimizer: dict[str, object] | None = None, **training: object) -> Run:
    plain = {"model": MODEL, "optimizer": optimizer or {"kind": "adam"}, "training": {"steps": 60, "log_every": 7, **training}}
    return submit(database, Settings(), RunRequest(dataset=DATA, spec=TrainSpec.from_dict(plain)))


def _attempt(database: Database, run: Run, stop_after: float = math.inf, interval: float = 0.0) -> Run:
    """Let a worker take the run; it is asked to stop after a number of steps."""
    ((run_id, number),) = database.write(lambda db: lifecycle.claim(db, 1))
    asked = iter(range(10**9))
    execute(database, run_id, number, commit_interval_seconds=interval, stopping=lambda: next(asked) >= stop_after)
    return control.get(database, run.id)


def _undisturbed(run: Run) -> tuple[str, list[Point]]:
    problem = Problem(TrainSpec.from_dict(run.spec), synthetic.make(DATA))
    state = problem.begin()
    with quiet():
        points = [point for point in train(problem, state) if point]
    return state.weights_digest, points


def _assert_as_undisturbed(database: Database, run: Run) -> None:
    digest, points = _undisturbed(run)
    found = history(database, run.id, SERIES)
    assert run.status is RunStatus.SUCCEEDED
    assert run.weights_digest == digest
    assert found.steps == [point.step for point in points]
    for name in SERIES:
        assert found.series[name] == [point.metrics[name] for point in points]


@pytest.mark.parametrize("batch_size", [None, 7])
def test_a_run_ends_with_the_bits_of_the_bare_core(database: Database, batch_size: int | None) -> None:
    """The service adds nothing to the numbers: weights and history are those of the training loop alone."""
    run = _attempt(database, _submit(database, batch_size=batch_size))
    assert run.stop_reason is StopReason.COMPLETED
    _assert_as_undisturbed(database, run)


@pytest.mark.parametrize("every", [1, 2, 7, 13, 59])
def test_a_run_given_back_again_and_again_loses_nothing(database: Database, every: int) -> None:
    """However often a worker stops, the run goes on where it was, with the same bits and no step missing or twice."""
    run = _submit(database, batch_size=7)
    while not run.terminal:
        run = _attempt(database, run, stop_after=every)
    _assert_as_undisturbed(database, run)


class Killed(Exception):
    """Stands for a worker that dies at this instant."""


@pytest.mark.parametrize("writes", range(1, 6))
def test_a_worker_that_dies_before_or_after_a_commit_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """A death around any commit leaves a state from which the run ends with the same bits."""
    run = _submit(database)
    real = database.write

    def dying(after: bool) -> Iterator[None]:  # noqa: FBT001
        left = writes

        def write(work):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            nonlocal left
            left -= 1
            if left == 0 and not after:
                raise Killed
            result = real(work)
            if left == 0:
                raise Killed
            return result

        ((_, number),) = real(lambda db: lifecycle.claim(db, 1))
        monkeypatch.setattr(database, "write", write)
        with pytest.raises(Killed):
            execute(database, run.id, number, commit_interval_seconds=0, stopping=lambda: False)
        monkeypatch.setattr(database, "write", real)
        real(lambda db: lifecycle.release(db, run.id, number, why="died", stalled=True))
        yield

    for after in (False, True):
        next(dying(after))
    _assert_as_undisturbed(database, _attempt(database, run))


def test_nothing_lies_above_the_checkpoint(database: Database) -> None:
    """Whenever one looks, the last point is not later than the last checkpoint, and each point before it is there."""
    run = _submit(database, steps=200, log_every=1)
    looks = []

    def look() -> bool:
        saved = database.read(lambda db: checkpoints.all_of(db, run.id))
        steps = history(database, run.id, ("loss",)).steps
        assert steps == list(range(len(steps)))
        if saved:
            looks.append(len(steps))
            assert steps[-1] <= saved[-1].step
            assert saved[-1].step - steps[-1] < 1
        return False

    ((_, number),) = database.write(lambda db: lifecycle.claim(db, 1))
    execute(database, run.id, number, commit_interval_seconds=0.01, stopping=look)
    assert len(set(looks)) > 3


def test_a_worker_whose_run_was_taken_away_stops_and_writes_nothing(database: Database) -> None:
    """An attempt that another one has overtaken ends quietly at its next commit."""
    run = _submit(database, steps=100_000)
    asked = 0

    def overtake() -> bool:
        nonlocal asked
        asked += 1
        if asked == 1:
            database.write(lambda db: lifecycle.release(db, run.id, 1, why="taken", stalled=False))
            database.write(lambda db: lifecycle.claim(db, 1))
        return False

    ((_, number),) = database.write(lambda db: lifecycle.claim(db, 1))
    execute(database, run.id, number, commit_interval_seconds=0, stopping=overtake)
    assert asked == 1
    taken = control.get(database, run.id)
    assert (taken.status, taken.attempt, taken.step) == (RunStatus.RUNNING, 2, 0)


def test_cancel_keeps_the_last_and_the_best_checkpoint(database: Database) -> None:
    """A cancelled run can still be used."""
    run = _submit(database, steps=100_000, log_every=10)

    def cancel_at_some_point() -> bool:
        if control.get(database, run.id).step > 100:
            control.cancel(database, run.id)
        return False

    ((_, number),) = database.write(lambda db: lifecycle.claim(db, 1))
    execute(database, run.id, number, commit_interval_seconds=0, stopping=cancel_at_some_point)
    cancelled = control.get(database, run.id)
    assert (cancelled.status, cancelled.stop_reason) == (RunStatus.CANCELLED, StopReason.CANCELLED)
    saved = {checkpoint.step for checkpoint in database.read(lambda db: checkpoints.all_of(db, run.id))}
    assert {cancelled.step, cancelled.best_step} <= saved
    for name in ("latest", "best"):
        assert len(predict(database, ModelCache(0), run.id, [[0.0, 0.0]], name, ENDLESS).labels) == 1


def test_divergence_ends_the_run_and_keeps_the_last_finite_checkpoint(database: Database) -> None:
    """A run whose loss becomes infinite says at which step, in which tensor and what to try; its checkpoints stay usable."""
    run = _attempt(database, _submit(database, {"kind": "sgd", "learning_rate": 1e6}, steps=1000, log_every=1))
    assert (run.status, run.stop_reason) == (RunStatus.FAILED, StopReason.DIVERGED)
    assert run.error is not None
    assert run.error["code"] == "diverged"
    assert run.error["step"] == run.step
    assert run.error["tensor"] in run.error["detail"]
    assert "try 100000" in run.error["suggestion"]
    assert run.weights_digest is None
    assert database.read(lambda db: checkpoints.all_of(db, run.id))[-1].step < run.step
    prediction = predict(database, ModelCache(0), run.id, [[0.1, 0.2]], "latest", ENDLESS)
    assert np.isfinite(prediction.scores).all()


def test_a_damaged_checkpoint_is_not_trained_from(database: Database) -> None:
    """A checkpoint whose bytes have changed fails the run with a sentence; wrong weights are never used."""
    run = _attempt(database, _submit(database), stop_after=20)
    assert run.status is RunStatus.QUEUED
    last = database.read(lambda db: checkpoints.all_of(db, run.id))[-1]

    def damage(db: Transaction) -> None:
        state = bytearray(checkpoints.load(db, last) or b"")
        state[-1] ^= 1
        db.execute(tables.checkpoints.update().where(tables.checkpoints.c.id == last.id).values(state=bytes(state)))

    database.write(damage)
    run = _attempt(database, run)
    assert run.status is RunStatus.FAILED
    assert run.error is not None
    assert last.id in run.error["detail"]


def test_a_run_whose_dataset_cannot_be_read_fails_with_the_reason(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stops a run before its first step ends it, and is not tried for ever."""

    def too_big(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(datasets, "load", too_big)
    run = _attempt(database, _submit(database))
    assert (run.status, run.stop_reason) == (RunStatus.FAILED, StopReason.ERROR)
    assert run.error is not None
    assert run.error["code"] == "out_of_memory"


def test_each_attempt_keeps_its_environment(database: Database) -> None:
    """What the bits depend on is stored with each attempt, with the step it went on from."""
    run = _attempt(database, _submit(database), stop_after=30)
    _attempt(database, run)
    told = database.read(lambda db: attempts.all_of(db, run.id))
    assert [(one.attempt, one.from_step > 0) for one in told] == [(1, False), (2, True)]
    assert told[0].environment["numpy"] == np.__version__
    assert told[0].environment["threads"] == 1
    assert told[0].environment["kernel"]


def test_milestones_stay_and_other_checkpoints_make_way(database: Database) -> None:
    """However often a run commits, it keeps its milestones, the best and the latest checkpoint and no more."""
    run = _attempt(database, _submit(database, steps=100, log_every=5, checkpoint_every=25))
    saved = [checkpoint.step for checkpoint in database.read(lambda db: checkpoints.all_of(db, run.id))]
    assert run.best_step is not None
    assert saved == sorted({0, 25, 50, 75, 100, run.best_step})


def test_the_best_checkpoint_is_that_of_a_target_that_is_reached(database: Database) -> None:
    """A run that ends because it is good enough ends with its best weights, and `best` stands for them."""
    target = {"metric": "loss", "value": 0.9}
    run = _attempt(database, _submit(database, steps=5000, target=target), interval=60.0)
    assert run.stop_reason is StopReason.EARLY_STOPPED
    assert run.best_step == run.step == run.metrics["loss"]["best_step"]


def test_a_time_budget_counts_all_attempts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an attempt has used is missing to the next one, and the time between them counts for neither."""
    looks = count()
    monkeypatch.setattr("service.runs.intervals.time", SimpleNamespace(monotonic=lambda: next(looks) / 10))
    run = _attempt(database, _submit(database, steps=10**6, time_budget=30), stop_after=20)
    assert 2 < run.training_seconds < 30
    for _ in range(1000):
        next(looks)
    run = _attempt(database, run)
    assert (run.attempt, run.stop_reason) == (2, StopReason.TIME_BUDGET)
    assert 30 <= run.training_seconds < 31  # a few looks at the clock later


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"steps": 10**6, "time_budget": 0.2}, StopReason.TIME_BUDGET),
        ({"steps": 60}, StopReason.COMPLETED),
        ({"steps": 5000, "target": {"metric": "loss", "value": 0.9}}, StopReason.EARLY_STOPPED),
    ],
    ids=["time budget", "all steps", "target"],
)
def test_a_run_ends_in_one_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch, plan: dict[str, Any], reason: StopReason
) -> None:
    """Nothing of a run that is over is committed before its end: nobody can still pause it."""
    run = _submit(database, **plan)
    statuses = []
    finish = lifecycle.finish

    def noted(db: Transaction, run_id: str, *given: object, **named: object) -> None:
        statuses.append((max(c.step for c in checkpoints.all_of(db, run_id)), run_id))
        finish(db, run_id, *given, **named)  # type: ignore[arg-type]

    written: list[int] = []
    progress = lifecycle.progress

    def watched(db: Transaction, run_id: str, attempt: int, *, step: int, **named: object) -> object:
        written.append(step)
        return progress(db, run_id, attempt, step=step, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(lifecycle, "finish", noted)
    monkeypatch.setattr(lifecycle, "progress", watched)
    run = _attempt(database, run, interval=0.0)
    assert run.stop_reason is reason
    assert written.count(run.step) == 1
    assert statuses == [(run.step, run.id)]
