"""The recorder of an attempt: it collects points and states, and decides when they become durable."""

import logging
import time
from collections.abc import Callable
from typing import Any

from core.state import TrainState
from core.types import Point
from service.domain import Run, RunStatus, StopReason
from service.errors import Busy, Damaged, DiskFull
from service.runs import summary
from service.runs.backlog import Backlog
from service.runs.intervals import End, Intervals
from service.runs.text_samples import TextSamples
from service.store import lifecycle
from service.store.unit import Database, Transaction

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
LOOK_EVERY = 64
"""Points between two looks at the limits, which take 0.7 µs; a milestone has its own."""


class Recorder:
    """Collects the points and snapshots of one attempt; every commit is whole or does not happen."""

    def __init__(
        self,
        database: Database,
        run: Run,
        attempt: int,
        state: TrainState,
        interval_seconds: float,
        *,
        saved_step: int,
        samples: TextSamples,
        backlog: Backlog,
        stopping: Callable[[], bool],
    ) -> None:
        """Begin at a state; `saved_step` is the step of the last checkpoint that is stored, -1 if there is none.

        `stopping` tells whether the server ends: then a full disk is not waited for.
        """
        self._database, self._run_id, self._attempt = database, run.id, attempt
        self._checkpoint_every: int = run.spec["training"]["checkpoint_every"]
        self._interval = interval_seconds
        self._least = summary.best(run.metrics)  # the best value of the series that decides
        self._backlog, self._stopping = backlog, stopping
        self._intervals = Intervals(database, run, attempt, state.step, saved_step, samples, backlog)
        self._expected: str | None = (run.parent or {}).get("weights_digest")  # of a run that verifies another
        self.usable = True  # the present state has a finite loss: something to go on from and to predict with
        self._unsaved = False
        self.due_at = 0.0  # the first commit comes before the first step: there is something to predict with

    @property
    def training_seconds(self) -> float:
        """Seconds in which the run has been trained, those of earlier attempts up to their last commit included."""
        return self._intervals.training_seconds

    def see(self, point: Point, state: TrainState) -> None:
        """Take a metric point and what belongs to it: a milestone, a new best. Raise StoredTooMuch at the limit of a run.

        Between two steps everything takes three times as long as in a loop: what can wait is done at the commit.
        """
        backlog = self._backlog
        backlog.points.append(point)
        self.usable = point.finite
        if not self.usable:
            return
        milestone = point.step % self._checkpoint_every == 0 and point.step > self._intervals.saved_step
        looks = milestone or len(backlog.points) % LOOK_EVERY == 0
        if looks:
            backlog.check(point.step, milestone=milestone)
        if milestone:
            backlog.milestones.append(state.copy())
        if (value := point.metrics[summary.deciding(point.metrics)]) < self._least and not state.restored:
            self._least, backlog.best, self._intervals.best_step = value, state.copy(), point.step
        if looks and backlog.full:
            self.due_at = 0.0

    def commit(self, state: TrainState) -> RunStatus | None:
        """Make everything so far durable; return the status to stop for, if one was asked for. Raise Fenced if not ours.

        While the database cannot be written, training goes on and the next commit carries more. Training waits once as much
        is held as may be.
        """
        while True:
            try:
                asked = self._write(state)
            except Damaged:
                raise
            except Busy as error:
                self._tell(error)
                self.due_at = time.monotonic() + RETRY_SECONDS
                asked = self._asked() if isinstance(error, DiskFull) else None
                if asked is not None or not self._backlog.full or self._stopping():
                    return asked
                self._intervals.wait(RETRY_SECONDS)
            else:
                return asked

    def finish(self, state: TrainState, status: RunStatus, reason: StopReason) -> None:
        """Commit the last interval and end the run with the weights as they are, in one transaction."""
        digest = state.weights_digest
        verified = digest == self._expected if self._expected and status is RunStatus.SUCCEEDED else None

        def end(db: Transaction) -> None:
            lifecycle.finish(db, self._run_id, self._attempt, status, reason, weights_digest=digest, verified=verified)

        self._write_at_last(state, end, last=True)

    def fail(self, state: TrainState, reason: StopReason, error: dict[str, Any], *, keep: bool = False) -> None:
        """End the run without success; the checkpoints before it are kept, and with `keep` the present state too."""
        self.usable = keep

        def end(db: Transaction) -> None:
            lifecycle.finish(db, self._run_id, self._attempt, RunStatus.FAILED, reason, error=error)

        self._write_at_last(state, end)

    def release(self, state: TrainState, why: str) -> None:
        """Commit the last interval and let go of the run: it is queued, or paused if that was asked for."""

        def end(db: Transaction) -> None:
            lifecycle.release(db, self._run_id, self._attempt, why=why, stalled=False)

        try:
            self._write(state, end)
        except DiskFull:
            if not self._given_up():
                raise

    def _write(self, state: TrainState, end: End | None = None, *, last: bool = False) -> RunStatus | None:
        asked = self._intervals.write(state, end, usable=self.usable, last=last)
        self.due_at = time.monotonic() + self._interval
        self._unsaved = False
        return asked

    def _write_at_last(self, state: TrainState, end: End, *, last: bool = False) -> None:
        """Write, and wait for the database if need be; on a full disk until the run is to stop, or the server ends."""
        while True:
            try:
                self._write(state, end, last=last)
            except Damaged:
                raise
            except Busy as error:
                self._tell(error)
                if isinstance(error, DiskFull) and self._given_up():
                    return
                self._intervals.wait(RETRY_SECONDS)
            else:
                return

    def _tell(self, error: Busy) -> None:
        """Log once that the run is not saved, until it is."""
        if not self._unsaved:
            log.warning("the run is not saved now, and is tried again: %s", error)
        self._unsaved = True

    def _asked(self) -> RunStatus | None:
        """Return the status to stop for, read while nothing can be written."""
        try:
            return self._database.read(lambda db: lifecycle.asked(db, self._run_id, self._attempt))
        except Busy:
            return None

    def _given_up(self) -> bool:
        """Let go of the run without the interval, which the disk has no room for, if it is to stop now; return whether it has.

        Where it goes on later, from its last checkpoint, it learns the same again.
        """
        if self._asked() is None and not self._stopping():
            return False
        backlog, step = self._backlog, self._intervals.saved_step
        why = f"the disk is full: {len(backlog.points)} points after step {step} and the state are not stored"
        try:
            self.give_back(why)
        except Busy:
            return False
        log.warning("%s", why)
        return True

    def give_back(self, why: str) -> None:
        """Let go of the run as it was at the last commit; what came after is learned again, or never if it was cancelled."""

        def end(db: Transaction) -> None:
            lifecycle.release(db, self._run_id, self._attempt, why=why, stalled=False)

        self._database.spending().write(end)
