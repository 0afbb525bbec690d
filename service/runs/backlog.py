"""The backlog of an attempt: points and states since its last commit, within bounds."""

from dataclasses import dataclass, field

from core.estimate import CHECKPOINT_BYTES, POINT_BYTES
from core.state import TrainState
from core.types import Point
from service.runs.text_samples import TextSamples
from service.store.checkpoints import Snapshot

POINT_MEMORY_BYTES = 850
"""A point in memory: measured are 552 bytes with seven series, 840 with all eleven."""
MIB = 1024 * 1024


@dataclass(frozen=True)
class Bounds:
    """Bytes and checkpoints that a run may store (None: any number), bytes that may wait for a commit, and that stay free."""

    max_run_bytes: int | None = None
    max_checkpoints: int | None = None
    max_backlog_bytes: int = 64 * MIB
    min_free_bytes: int | None = None


class StoredTooMuch(Exception):
    """A run would store more than it may; what it has stored stays."""

    code = "stored_too_much"

    def __init__(self, step: int, told: str) -> None:
        self.step = step
        super().__init__(f"with step {step:,} {told}")


@dataclass
class Backlog:
    """The points, milestones and the new best of the interval.

    `state_bytes` is the size of a state, `stored_bytes` of what the run has stored: its points, and `stored_milestones` of the
    milestones. The best and the latest checkpoint are replaced and counted as two.
    """

    bounds: Bounds
    state_bytes: int
    stored_bytes: int = 0
    stored_milestones: int = 0
    points: list[Point] = field(default_factory=list)
    milestones: list[TrainState] = field(default_factory=list)
    best: TrainState | None = None

    @property
    def held_bytes(self) -> int:
        """Bytes in memory."""
        return POINT_MEMORY_BYTES * len(self.points) + self.state_bytes * (len(self.milestones) + (self.best is not None))

    @property
    def full(self) -> bool:
        """Whether no more should be held."""
        return self.held_bytes >= self.bounds.max_backlog_bytes

    @property
    def growth_bytes(self) -> int:
        """Bytes that the disk will take for all this."""
        return POINT_BYTES * len(self.points) + self._checkpoint_bytes * len(self.milestones)

    @property
    def _checkpoint_bytes(self) -> int:
        return self.state_bytes + CHECKPOINT_BYTES

    def check(self, step: int, *, milestone: bool) -> None:
        """Raise StoredTooMuch if the run is at its limit with what is held, and with one more milestone."""
        limit = self.bounds.max_run_bytes
        total = self.stored_bytes + self.growth_bytes + (2 + milestone) * self._checkpoint_bytes
        if limit is not None and total > limit:
            raise StoredTooMuch(
                step,
                f"the points and checkpoints of the run would take about {total:,} bytes, this server allows {limit:,} "
                f"(POSTGRAD_MAX_RUN_BYTES): a greater log_every or checkpoint_every stores less",
            )
        count, most = self.stored_milestones + len(self.milestones) + milestone + 2, self.bounds.max_checkpoints
        if most is not None and count > most:
            raise StoredTooMuch(
                step,
                f"the run would have {count:,} checkpoints, this server allows {most:,} (POSTGRAD_MAX_CHECKPOINTS): "
                f"a greater checkpoint_every makes fewer",
            )

    def snapshots(self, samples: TextSamples, state: TrainState | None, saved_step: int) -> list[Snapshot]:
        """Return what to store: the milestones, the best if it is new, the present state if it is usable; one for each step."""
        texts = samples.texts
        by_step = {kept.step: Snapshot.of(kept, kept=True, sample=texts[kept.step]) for kept in self.milestones}
        for candidate in (self.best, state):
            if candidate is not None and candidate.step > saved_step and candidate.step not in by_step:
                by_step[candidate.step] = Snapshot.of(candidate, kept=False, sample=texts.get(candidate.step))
        return [by_step[step] for step in sorted(by_step)]

    def stored(self) -> None:
        """Forget what is stored by now."""
        self.stored_bytes += self.growth_bytes
        self.stored_milestones += len(self.milestones)
        self.points, self.milestones, self.best = [], [], None
