"""What a worker has learned since its last commit, and the one transaction that makes it durable."""

import time
from collections.abc import Callable
from typing import Any

from core.state import TrainState
from core.types import Point
from service.domain import Run, RunStatus, StopReason
from service.errors import Busy
from service.runs import summary
from service.runs.environment import fingerprint
from service.runs.happened import happened
from service.runs.text_samples import TextSamples
from service.store import attempts, checkpoints, events, lifecycle, metrics
from service.store.checkpoints import Snapshot
from service.store.unit import Database, Transaction

RETRY_SECONDS = 1.0

End = Callable[[Transaction], None]
"""What ends an attempt, in the transaction of its last interval."""


class Recorder:
    """Collects the points and snapshots of one attempt; every commit is whole or does not happen.

    Points, progress, checkpoints and events of an interval are one transaction, guarded by the attempt number: after
    any crash nothing lies above the checkpoint and nothing is missing below it.
    """

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
    ) -> None:
        """Begin at a state; `saved_step` is the step of the last checkpoint that is stored, -1 if there is none."""
        self._database, self._run_id, self._attempt = database, run.id, attempt
        self._checkpoint_every: int = run.spec["training"]["checkpoint_every"]
        self._interval = interval_seconds
        self._metrics = {name: dict(known) for name, known in run.metrics.items()}
        self._least = summary.best(run.metrics)  # the best value of the series that decides
        self._best_step = run.best_step
        self._best: TrainState | None = None
        self._points: list[Point] = []
        self._summed = 0  # of the points, how many are in the metrics already
        self._milestones: list[TrainState] = []
        self._saved_step, self._samples = saved_step, samples
        self._expected: str | None = (run.parent or {}).get("weights_digest")  # of a run that verifies another
        self._begun = False
        self.usable = True  # the present state has a finite loss: something to go on from and to predict with
        self._from_step = state.step
        self._started, self._seconds_before = time.monotonic(), run.training_seconds
        self.due_at = 0.0  # the first commit comes before the first step: there is something to predict with

    @property
    def training_seconds(self) -> float:
        """Seconds in which the run has been trained, those of earlier attempts up to their last commit included."""
        return self._seconds_before + time.monotonic() - self._started

    def see(self, point: Point, state: TrainState) -> None:
        """Take a metric point and what belongs to it: a milestone, a new best.

        Between two steps everything takes three times as long as in a loop: what can wait is done at the commit.
        """
        self._points.append(point)
        self.usable = point.finite
        if not self.usable:
            return
        if point.step % self._checkpoint_every == 0 and point.step > self._saved_step:
            self._milestones.append(state.copy())
        if (value := point.metrics[summary.deciding(point.metrics)]) < self._least and not state.restored:
            self._least, self._best, self._best_step = value, state.copy(), point.step

    def commit(self, state: TrainState) -> RunStatus | None:
        """Make everything so far durable; return the status to stop for, if one was asked for. Raise Fenced if not ours.

        While the database cannot be written, training goes on and the next commit carries more.
        """
        try:
            return self._write(state)
        except Busy:
            self.due_at = time.monotonic() + RETRY_SECONDS
            return None

    def finish(self, state: TrainState, status: RunStatus, reason: StopReason) -> None:
        """Commit the last interval and end the run with the weights as they are, in one transaction."""
        digest = state.weights_digest
        verified = digest == self._expected if self._expected and status is RunStatus.SUCCEEDED else None

        def end(db: Transaction) -> None:
            lifecycle.finish(db, self._run_id, self._attempt, status, reason, weights_digest=digest, verified=verified)

        self._write_at_last(state, end, last=True)

    def fail(self, state: TrainState, reason: StopReason, error: dict[str, Any]) -> None:
        """End the run without success; the state that failed is not kept, the checkpoints before it are."""
        self.usable = False

        def end(db: Transaction) -> None:
            lifecycle.finish(db, self._run_id, self._attempt, RunStatus.FAILED, reason, error=error)

        self._write_at_last(state, end)

    def _write_at_last(self, state: TrainState, end: End, *, last: bool = False) -> None:
        """Write, and wait for the database if need be."""
        while True:
            try:
                self._write(state, end, last=last)
            except Busy:
                time.sleep(RETRY_SECONDS)
            else:
                return

    def release(self, state: TrainState, why: str) -> None:
        """Commit the last interval and let go of the run: it is queued, or paused if that was asked for."""

        def end(db: Transaction) -> None:
            lifecycle.release(db, self._run_id, self._attempt, why=why, stalled=False)

        self._write(state, end)

    def _write(self, state: TrainState, end: End | None = None, *, last: bool = False) -> RunStatus | None:
        """Write the interval; `end` ends the attempt, and with `last` the present state is the one that the run ends with."""
        self._samples.write([*self._milestones, state] if last else self._milestones, best=self._best, now=end is not None)
        snapshots = self._snapshots(state)
        late = self._samples.late(self._saved_step)
        points = list(self._points)
        for point in points[self._summed :]:
            summary.add(self._metrics, point)
        self._summed = len(points)
        done = state.step - self._from_step
        seconds = self.training_seconds
        rate = done / max(seconds - self._seconds_before, 1e-9) if done else None

        def work(db: Transaction) -> RunStatus | None:
            asked = lifecycle.progress(
                db,
                self._run_id,
                self._attempt,
                step=state.step,
                steps_per_second=rate,
                training_seconds=seconds,
                metrics=self._metrics,
                best_step=self._best_step,
            )  # first: it is the fence
            told = [] if self._begun else [("attempt", self._begin(db))]
            metrics.append(db, self._run_id, points)
            saved = checkpoints.save(db, self._run_id, self._attempt, snapshots, best_step=self._best_step)
            checkpoints.add_samples(db, self._run_id, late)
            events.append(db, self._run_id, told + happened(points, saved, snapshots, last_step=state.step if last else None))
            if end is not None:
                end(db)
            return asked

        asked = self._database.write(work)
        self._begun = True
        self._points, self._summed, self._milestones, self._best = [], 0, [], None
        self._samples.stored()
        self._saved_step = max([self._saved_step, *(snapshot.step for snapshot in snapshots)])
        self.due_at = time.monotonic() + self._interval
        return asked

    def _begin(self, db: Transaction) -> dict[str, Any]:
        """Record that the attempt has begun, and whether its environment is another than before; return what to tell of it."""
        environment, before = fingerprint(), attempts.latest(db, self._run_id) if self._attempt > 1 else None
        begun: dict[str, Any] = {"attempt": self._attempt, "from_step": self._from_step}
        known = before.environment if before else {}  # an attempt of an older version may not know all that is asked today
        changed = [key for key in environment if key in known and known[key] != environment[key]]
        if changed:
            begun["environment_changed"] = changed
            lifecycle.note_environment_changed(db, self._run_id)
        attempts.add(db, self._run_id, self._attempt, from_step=self._from_step, environment=environment)
        return begun

    def _snapshots(self, state: TrainState) -> list[Snapshot]:
        """Return what to store: the milestones, the best if it is new, the present state; one for each step."""
        texts = self._samples.texts
        by_step = {kept.step: Snapshot.of(kept, kept=True, sample=texts[kept.step]) for kept in self._milestones}
        for candidate in (self._best, state if self.usable else None):
            if candidate is not None and candidate.step > self._saved_step and candidate.step not in by_step:
                by_step[candidate.step] = Snapshot.of(candidate, kept=False, sample=texts.get(candidate.step))
        return [by_step[step] for step in sorted(by_step)]
