"""The intervals of an attempt: each becomes durable in one transaction."""

import time
from collections.abc import Callable
from typing import Any

from core.state import TrainState
from core.types import Point
from service.domain import Run, RunStatus
from service.errors import DiskFull
from service.runs import summary
from service.runs.backlog import Backlog
from service.runs.environment import fingerprint
from service.runs.happened import happened
from service.runs.text_samples import TextSamples
from service.store import attempts, checkpoints, events, lifecycle, metrics
from service.store.unit import Database, Transaction

End = Callable[[Transaction], None]
"""What ends an attempt, in the transaction of its last interval."""


class Intervals:
    """Writes points, progress, checkpoints and events, guarded by the attempt number, or nothing.

    After any crash nothing lies above the checkpoint and nothing is missing below it.
    """

    def __init__(
        self,
        database: Database,
        run: Run,
        attempt: int,
        from_step: int,
        saved_step: int,
        samples: TextSamples,
        backlog: Backlog,
    ) -> None:
        """Begin at a step; `saved_step` is that of the last checkpoint that is stored, -1 if there is none."""
        self._database, self._run_id, self._attempt, self._from_step = database, run.id, attempt, from_step
        self._metrics = {name: dict(known) for name, known in run.metrics.items()}
        self._backlog, self._samples = backlog, samples
        self._summed = 0  # of the points, how many are in the metrics already
        self._begun = False
        self._started, self._seconds_before = time.monotonic(), run.training_seconds
        self.saved_step, self.best_step = saved_step, run.best_step

    @property
    def training_seconds(self) -> float:
        """Seconds in which the run has been trained, those of earlier attempts up to their last commit included."""
        return self._seconds_before + time.monotonic() - self._started

    def wait(self, seconds: float) -> None:
        """Wait; that is no time of training."""
        began = time.monotonic()
        time.sleep(seconds)
        self._started += time.monotonic() - began

    def write(self, state: TrainState, end: End | None = None, *, usable: bool, last: bool = False) -> RunStatus | None:
        """Write the interval; return the status to stop for, if one was asked for. Raise Fenced, or Busy.

        A state that is not `usable` is not kept. `end` ends the attempt, and with `last` the run ends with this state.
        """
        backlog = self._backlog
        self._check_room()
        self._samples.write(
            [*backlog.milestones, state] if last else backlog.milestones, best=backlog.best, now=end is not None
        )
        snapshots = backlog.snapshots(self._samples, state if usable else None, self.saved_step)
        late = self._samples.late(self.saved_step)
        points = self._summed_up()
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
                best_step=self.best_step,
            )  # first: it is the fence
            told = [] if self._begun else [("attempt", self._begin(db))]
            metrics.append(db, self._run_id, points)
            saved = checkpoints.save(db, self._run_id, self._attempt, snapshots, best_step=self.best_step)
            checkpoints.add_samples(db, self._run_id, late)
            events.append(db, self._run_id, told + happened(points, saved, snapshots, last_step=state.step if last else None))
            if end is not None:
                end(db)
            return asked

        asked = self._database.write(work)
        self._begun, self._summed = True, 0
        backlog.stored()
        self._samples.stored()
        self.saved_step = max([self.saved_step, *(snapshot.step for snapshot in snapshots)])
        return asked

    def _summed_up(self) -> list[Point]:
        """Return the points, once they are in the metrics."""
        points = list(self._backlog.points)
        for point in points[self._summed :]:
            summary.add(self._metrics, point)
        self._summed = len(points)
        return points

    def _check_room(self) -> None:
        """Raise DiskFull before anything large is made, if the disk would get below its floor."""
        room = self._database.room()
        if room.lacks(self._backlog.growth_bytes + 2 * self._backlog.state_bytes):
            raise DiskFull(room.told)

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
