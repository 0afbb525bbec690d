"""The bridge: a claimed run is trained by the core, and what comes of it goes into the store."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from core.errors import CoreError, Diverged, Interrupted
from core.estimate import CHECKPOINT_BYTES, POINT_BYTES
from core.problem import Problem
from core.spec import TrainSpec
from core.state import TrainState
from core.train import quiet, train
from core.types import Point, never
from service.domain import Checkpoint, Run, RunStatus, StopReason
from service.errors import NotFound
from service.runs import datasets
from service.runs.backlog import MIB, Backlog, Bounds, StoredTooMuch
from service.runs.interruption import Interruption
from service.runs.record import Recorder
from service.runs.text_samples import TextSamples
from service.store import checkpoints, lifecycle, metrics, runs
from service.store.lifecycle import Fenced
from service.store.unit import Database, Transaction

log = logging.getLogger(__name__)

UNBOUNDED = Bounds()


def execute(
    database: Database,
    run_id: str,
    attempt: int,
    *,
    commit_interval_seconds: float,
    stopping: Callable[[], bool],
    bounds: Bounds = UNBOUNDED,
) -> None:
    """Train a run from its last checkpoint until it ends, is cancelled, is taken away, or `stopping()` is true.

    Writes only as long as the run is this attempt's. Raises only if the database fails: the run is then resumed later.
    """
    run = database.read(lambda db: runs.get(db, run_id))
    if run is None or run.attempt != attempt or run.status is not RunStatus.RUNNING:
        return
    try:
        _begin_and_train(database, run, attempt, commit_interval_seconds, stopping, bounds)
    except Fenced:
        log.info("this attempt is no longer the owner of the run")


def _begin_and_train(
    database: Database, run: Run, attempt: int, commit_interval_seconds: float, stopping: Callable[[], bool], bounds: Bounds
) -> None:
    try:
        with quiet():
            problem = Problem(TrainSpec.from_dict(run.spec), datasets.load(database, datasets.ref_of(run)))
        stored = database.read(lambda db: checkpoints.all_of(db, run.id))
        saved = _latest_state(database, stored)
        state = saved or problem.begin()
        samples = TextSamples(quiet()(problem.sample), _without_sample(database, run, stored) if problem.symbols else ())
    except (CoreError, NotFound, MemoryError) as error:
        _fail_unstarted(database, run.id, attempt, error)
        return
    saved_step = -1 if saved is None else saved.step
    recorder = Recorder(
        database,
        run,
        attempt,
        state,
        commit_interval_seconds,
        saved_step=saved_step,
        samples=samples,
        backlog=_backlog(database, run, stored, state, bounds),
        stopping=stopping,
    )
    try:
        interrupted = Interruption(database, run.id, attempt, stopping, commit_interval_seconds)
        _train(problem, state, recorder, Ending(run, problem, state, recorder), stopping, interrupted)
    except StoredTooMuch as error:
        recorder.fail(state, StopReason.ERROR, problem_of(error), keep=True)
    except Diverged as error:
        recorder.fail(state, StopReason.DIVERGED, problem_of(error))
    except (CoreError, MemoryError) as error:
        recorder.fail(state, StopReason.ERROR, problem_of(error))


def _backlog(database: Database, run: Run, stored: list[Checkpoint], state: TrainState, bounds: Bounds) -> Backlog:
    """Return an empty backlog that knows what the run has stored. Several find room below the floor of the disk."""
    floor = database.room().floor_bytes
    if floor:
        bounds = replace(bounds, max_backlog_bytes=min(bounds.max_backlog_bytes, max(floor // 4, MIB)))
    every = run.spec["training"]["checkpoint_every"]
    kept = [one.size_bytes for one in stored if one.step % every == 0 or one.attempt == checkpoints.AT_CREATION]
    points = database.read(lambda db: metrics.count(db, run.id))
    stored_bytes = sum(kept) + len(kept) * CHECKPOINT_BYTES + points * POINT_BYTES
    return Backlog(bounds, len(state.to_bytes()), stored_bytes, len(kept))


class Ending:
    """Says whether a step is the last: all steps are made, or the time budget is used up.

    A run that verifies another ends at the step where that one did, whatever time it takes.
    """

    def __init__(self, run: Run, problem: Problem, state: TrainState, recorder: Recorder) -> None:
        plan = problem.spec.training
        verifies = (run.parent or {}).get("until")
        self._state, self._recorder = state, recorder
        self._steps: int = plan.steps or 0 if verifies is None else verifies
        self._seconds = None if verifies is not None else plan.time_budget
        self._late = False
        # What the loop asks at each step: of most runs it knows the last step itself, and asking takes 0.1 µs.
        self.asked: Callable[[], bool] = self._ask if self._seconds is not None or verifies is not None else never

    @property
    def reached(self) -> bool:
        """Whether the present step is the last; of the time budget, what the loop was told."""
        return self._late or self._state.step >= self._steps

    def _ask(self) -> bool:
        self._late = self._seconds is not None and self._recorder.training_seconds >= self._seconds
        return self.reached


def _train(
    problem: Problem,
    state: TrainState,
    recorder: Recorder,
    ending: Ending,
    stopping: Callable[[], bool],
    interrupted: Interruption,
) -> None:
    """Train until the run ends or is to stop, and end the attempt."""
    try:
        with quiet():
            asked = _steps(train(problem, state, ending.asked, interrupted), state, recorder, ending, stopping)
    except Interrupted:  # the state may have been committed at its last yield, not between: its point is not there
        recorder.give_back("within a measurement, which is made anew")
        return
    if asked is RunStatus.SUCCEEDED:
        early = StopReason.EARLY_STOPPED if state.stopped else StopReason.TIME_BUDGET
        completed = not state.stopped and state.step >= (problem.spec.training.steps or 0)
        recorder.finish(state, RunStatus.SUCCEEDED, StopReason.COMPLETED if completed else early)
    elif asked is RunStatus.CANCELLED:
        recorder.finish(state, RunStatus.CANCELLED, StopReason.CANCELLED)
    else:
        recorder.release(state, "it was asked to" if asked else "the server is stopping")


def _steps(
    points: Iterator[Point | None], state: TrainState, recorder: Recorder, ending: Ending, stopping: Callable[[], bool]
) -> RunStatus | None:
    """Make steps and commit them; return SUCCEEDED after the last, else the status to stop for, None if the server stops."""
    clock = time.monotonic
    for point in points:
        if point is not None:
            recorder.see(point, state)
        if not recorder.usable or (clock() < recorder.due_at and not stopping()):
            continue  # not usable: Diverged follows
        if state.stopped or ending.reached:
            break
        asked = recorder.commit(state)
        if asked is not None or stopping():
            return asked
    return RunStatus.SUCCEEDED


def _latest_state(database: Database, stored: list[Checkpoint]) -> TrainState | None:
    """Return the state to go on from; None if the run was never begun. Raise CoreError if its bytes are damaged."""
    if not stored:
        return None
    blob = _bytes(database, stored[-1])
    if blob is None:
        raise CoreError(f"the checkpoint {stored[-1].id} of step {stored[-1].step} is damaged; earlier ones are kept")
    return TrainState.from_bytes(blob)


def _without_sample(database: Database, run: Run, stored: list[Checkpoint]) -> Iterator[TrainState]:
    """Yield the states of a run of text that should have a sample and have none: its best, and those that it was made with.

    An earlier version stored the best without; a run can be made from a checkpoint of one that went on.
    """
    for checkpoint in stored:
        if checkpoint.sample is None and (checkpoint.step == run.best_step or checkpoint.attempt == checkpoints.AT_CREATION):
            blob = _bytes(database, checkpoint)
            if blob is not None:
                yield TrainState.from_bytes(blob)


def _bytes(database: Database, checkpoint: Checkpoint) -> bytes | None:
    return database.read(lambda db: checkpoints.load(db, checkpoint))


def _fail_unstarted(database: Database, run_id: str, attempt: int, error: Exception) -> None:
    def work(db: Transaction) -> None:
        lifecycle.finish(db, run_id, attempt, RunStatus.FAILED, StopReason.ERROR, error=problem_of(error))

    database.write(work)


def problem_of(error: Exception) -> dict[str, Any]:
    """Describe what ended a run, as the run's `error`."""
    if isinstance(error, Diverged):
        return {
            "code": "diverged",
            "title": "Training diverged",
            "detail": str(error),
            "step": error.step,
            "tensor": error.tensor,
            "suggestion": error.suggestion,
        }
    if isinstance(error, StoredTooMuch):
        return {"code": error.code, "title": "The run stores too much", "detail": str(error), "step": error.step}
    if isinstance(error, MemoryError):
        return {"code": "out_of_memory", "title": "Out of memory", "detail": "the worker could not get the memory it needs"}
    return {"code": "unusable", "title": "The run cannot be trained", "detail": str(error)}
