"""What a worker has learned since its last commit, and the one transaction that makes it durable."""

import math
import time
from collections.abc import Callable
from typing import Any

from core.state import TrainState
from core.types import Point
from service.domain import LARGER_IS_BETTER, LOSS_SERIES, Checkpoint, Run, RunStatus, StopReason
from service.errors import Busy
from service.runs.environment import fingerprint
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

    def __init__(self, database: Database, run: Run, attempt: int, state: TrainState, interval_seconds: float) -> None:
        self._database, self._run_id, self._attempt = database, run.id, attempt
        self._checkpoint_every: int = run.spec["training"]["checkpoint_every"]
        self._interval = interval_seconds
        self._metrics = {name: dict(summary) for name, summary in run.metrics.items()}
        self._best_step = run.best_step
        self._best: TrainState | None = None
        self._points: list[Point] = []
        self._milestones: list[Snapshot] = []
        self._saved_step = state.step if state.logged >= 0 else -1
        self._begun = False
        self.usable = True  # the present state has a finite loss: something to go on from and to predict with
        self._from_step = state.step
        self._started = time.monotonic()
        self.due_at = 0.0  # the first commit comes before the first step: there is something to predict with

    def see(self, point: Point, state: TrainState) -> None:
        """Take a metric point and what belongs to it: a milestone, a new best."""
        self._points.append(point)
        improved = self._summarise(point)
        self.usable = state.finite and math.isfinite(point.metrics["loss"])
        if not self.usable:
            return
        if point.step % self._checkpoint_every == 0:
            self._milestones.append(Snapshot.of(state, kept=True))
        if ("val_loss" if "val_loss" in point.metrics else "loss") in improved:
            self._best, self._best_step = state.copy(), point.step

    def _summarise(self, point: Point) -> set[str]:
        """Bring last, best and best_step of each series up to date; return the series that have a new best."""
        improved = set()
        for name, value in point.metrics.items():
            summary = self._metrics.setdefault(name, {"last": None, "best": None, "best_step": None})
            summary["last"] = value if math.isfinite(value) else None
            if name not in LOSS_SERIES and name not in LARGER_IS_BETTER:
                continue
            best = summary["best"]
            if math.isfinite(value) and (best is None or (value > best if name in LARGER_IS_BETTER else value < best)):
                summary["best"], summary["best_step"] = value, point.step
                improved.add(name)
        return improved

    def commit(self, state: TrainState) -> bool:
        """Make everything so far durable; return whether the run was asked to cancel. Raise Fenced if it is not ours.

        While the database cannot be written, training goes on and the next commit carries more.
        """
        try:
            return self._write(state)
        except Busy:
            self.due_at = time.monotonic() + RETRY_SECONDS
            return False

    def finish(self, state: TrainState, status: RunStatus, reason: StopReason) -> None:
        """Commit the last interval and end the run with the weights as they are, in one transaction."""
        digest = state.weights_digest

        def end(db: Transaction) -> None:
            lifecycle.finish(db, self._run_id, self._attempt, status, reason, weights_digest=digest)

        self._write_at_last(state, end)

    def fail(self, state: TrainState, reason: StopReason, error: dict[str, Any]) -> None:
        """End the run without success; the state that failed is not kept, the checkpoints before it are."""
        self.usable = False

        def end(db: Transaction) -> None:
            lifecycle.finish(db, self._run_id, self._attempt, RunStatus.FAILED, reason, error=error)

        self._write_at_last(state, end)

    def _write_at_last(self, state: TrainState, end: End) -> None:
        """Write, and wait for the database if need be."""
        while True:
            try:
                self._write(state, end)
            except Busy:
                time.sleep(RETRY_SECONDS)
            else:
                return

    def release(self, state: TrainState, why: str) -> None:
        """Commit the last interval and give the run back to the queue."""

        def end(db: Transaction) -> None:
            lifecycle.release(db, self._run_id, self._attempt, why=why, stalled=False)

        self._write(state, end)

    def _write(self, state: TrainState, end: End | None = None) -> bool:
        snapshots = self._snapshots(state)
        points = list(self._points)
        done = state.step - self._from_step
        rate = done / max(time.monotonic() - self._started, 1e-9) if done else None

        def work(db: Transaction) -> bool:
            cancel = lifecycle.progress(
                db,
                self._run_id,
                self._attempt,
                step=state.step,
                steps_per_second=rate,
                metrics=self._metrics,
                best_step=self._best_step,
            )  # first: it is the fence
            if not self._begun:
                attempts.add(db, self._run_id, self._attempt, from_step=self._from_step, environment=fingerprint())
                begun = {"attempt": self._attempt, "from_step": self._from_step}
                events.append(db, self._run_id, [("attempt", begun)])
            metrics.append(db, self._run_id, points)
            saved = checkpoints.save(db, self._run_id, self._attempt, snapshots, best_step=self._best_step)
            events.append(db, self._run_id, _happened(points, saved, snapshots))
            if end is not None:
                end(db)
            return cancel

        cancel = self._database.write(work)
        self._begun = True
        self._points, self._milestones, self._best = [], [], None
        self._saved_step = max([self._saved_step, *(snapshot.step for snapshot in snapshots)])
        self.due_at = time.monotonic() + self._interval
        return cancel

    def _snapshots(self, state: TrainState) -> list[Snapshot]:
        """Return what to store: the milestones, the best if it is new, the present state; one for each step."""
        by_step = {snapshot.step: snapshot for snapshot in self._milestones}
        for candidate in (self._best, state if self.usable else None):
            if candidate is not None and candidate.step > self._saved_step:
                by_step.setdefault(candidate.step, Snapshot.of(candidate, kept=False))
        return [by_step[step] for step in sorted(by_step)]


def _happened(points: list[Point], saved: list[Checkpoint], snapshots: list[Snapshot]) -> list[tuple[str, dict[str, Any]]]:
    """Tell the interval as events."""
    told: list[tuple[str, dict[str, Any]]] = []
    if points:
        last = {name: value if math.isfinite(value) else None for name, value in points[-1].metrics.items()}
        told.append(("metrics", {"from_step": points[0].step, "to_step": points[-1].step, "points": len(points), "last": last}))
    for checkpoint, snapshot in zip(saved, snapshots, strict=True):
        if snapshot.kept:
            told.append(("checkpoint", {"id": checkpoint.id, "step": checkpoint.step}))
    return told
