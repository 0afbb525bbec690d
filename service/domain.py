"""The nouns of the service as frozen records, and the life of a run."""

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from core.fields import Limits

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


class RunStatus(StrEnum):
    """Where a run is. Cancelling and pausing are flags on a running run until its worker has stopped, not statuses."""

    QUEUED = "queued"
    """Stored; waits for a free worker, for the first time or to be resumed after one was lost."""
    RUNNING = "running"
    """A worker trains it."""
    PAUSED = "paused"
    """Somebody stopped it for a while: it keeps its checkpoint and waits, over restarts too, to be resumed."""
    SUCCEEDED = "succeeded"
    """All steps are done, or a rule of the plan ended it before: early stopping, a target, a time budget."""
    FAILED = "failed"
    """It ended without success; `error` says why. The last finite checkpoint is kept."""
    CANCELLED = "cancelled"
    """Somebody stopped it. The last and the best checkpoint are kept."""


TERMINAL = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED})

TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.CANCELLED}),
    RunStatus.RUNNING: TERMINAL | {RunStatus.QUEUED, RunStatus.PAUSED},
    RunStatus.PAUSED: frozenset({RunStatus.QUEUED, RunStatus.CANCELLED}),
    RunStatus.SUCCEEDED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}

ACTIONS: dict[RunStatus, tuple[str, ...]] = {
    RunStatus.QUEUED: ("pause", "cancel", "delete"),
    RunStatus.RUNNING: ("pause", "cancel", "fork"),
    RunStatus.PAUSED: ("pause", "resume", "cancel", "extend", "fork", "delete"),
    RunStatus.SUCCEEDED: ("extend", "fork", "verify", "delete"),
    RunStatus.FAILED: ("extend", "fork", "delete"),
    RunStatus.CANCELLED: ("cancel", "extend", "fork", "delete"),
}


class StopReason(StrEnum):
    """Why a run ended."""

    COMPLETED = "completed"
    EARLY_STOPPED = "early_stopped"
    """It no longer got better, or has reached its target."""
    TIME_BUDGET = "time_budget"
    CANCELLED = "cancelled"
    DIVERGED = "diverged"
    ERROR = "error"
    WORKER_LOST = "worker_lost"


LOSS_SERIES = ("loss", "data_loss", "reg_loss", "val_loss", "smooth_loss")
SMALLER_IS_BETTER = frozenset({*LOSS_SERIES, "val_perplexity"})
SERIES = (*LOSS_SERIES, "train_accuracy", "val_accuracy", "val_perplexity", "learning_rate", "grad_norm", "update_ratio")


@dataclass(frozen=True, kw_only=True)
class StoredDataset:
    """A dataset that was created or uploaded before, by its id."""

    id: Annotated[str, Limits(doc="id of a kept dataset, ds_…")]
    kind: Literal["stored"] = "stored"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run as it stands in the database; what is not given is that of one that was just queued."""

    id: str
    name: str | None
    status: RunStatus
    stop_reason: StopReason | None = None
    dataset: dict[str, Any]
    """The dataset as it was asked for: parameters of a synthetic one, or kind `stored` with its id."""
    data: dict[str, Any]
    """What the dataset holds: `examples` (a number), `features` and `classes` (their names)."""
    spec: dict[str, Any]
    """The resolved model, optimizer and training plan: `core.spec.TrainSpec.to_dict`."""
    spec_digest: str
    attempt: int = 0
    """Number of times a worker took the run; every write of a worker carries it."""
    stalled_attempts: int = 0
    """Attempts in a row that were lost without a step of progress."""
    environment_changed: bool = False
    """Whether an attempt went on in another environment than the one before: the bits may differ from an undisturbed run."""
    cancel_requested: bool = False
    pause_requested: bool = False
    parent: dict[str, Any] | None = None
    """What it was made from: `run`, `checkpoint`, `step` and `relation` (fork, extend or verify). It may be deleted since."""
    verified: bool | None = None
    """For a run that verifies another, when it has ended: whether it came to the same weights."""
    step: int = 0
    steps: int
    steps_per_second: float | None = None
    training_seconds: float = 0.0
    """Time that workers have trained, over all attempts."""
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    """For each series: last, best and best_step."""
    best_step: int | None = None
    last_event: int = 0
    error: dict[str, Any] | None = None
    weights_digest: str | None = None
    tags: dict[str, str]
    priority: int = 0
    """Of the runs that wait, those with the highest are begun first."""
    estimated_seconds: float | None = None
    """What all its steps were estimated to take; None if it was stored by an earlier version."""
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime

    @property
    def terminal(self) -> bool:
        """Whether the run has ended for good."""
        return self.status in TERMINAL


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """A kept dataset without its examples."""

    id: str
    name: str
    kind: str
    parameters: dict[str, Any] | None
    """Parameters of a synthetic dataset; null for an uploaded one."""
    digest: str
    examples: int
    features: list[str]
    classes: list[str | int]
    class_counts: list[int]
    statistics: list[dict[str, float]]
    """For each feature: mean, std, min, max."""
    size_bytes: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A stored training state without its bytes."""

    id: str
    run_id: str
    step: int
    attempt: int
    digest: str
    weights_digest: str
    size_bytes: int
    sample: str | None
    """What a model of text wrote at this step: milestones, the best and the end of a run have it."""
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a run; `seq` counts from 1 without a gap."""

    seq: int
    kind: str
    """`state`, `attempt` (a worker has begun), `metrics` or `checkpoint` (a milestone)."""
    data: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One time that a worker took a run: numbered from 1."""

    attempt: int
    started_at: datetime
    from_step: int
    environment: dict[str, Any]
    """The bits depend on it, beside spec and data: NumPy, its code paths, BLAS, its kernel and threads, Python, Postgrad."""


def new_id(kind: str) -> str:
    """Make an id that sorts by time and cannot be guessed: prefix, 48 bits of milliseconds, 80 random bits."""
    number = int.from_bytes(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10), "big")
    return f"{kind}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)
