"""A run that is made from another: where it begins, and its record with the checkpoint in it that it goes on from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import CoreError
from core.estimate import Estimate, estimate
from core.spec import TrainSpec
from core.state import TrainState
from service.domain import Checkpoint, Run, RunStatus, new_id, now
from service.errors import Conflict
from service.runs.control import allow, find
from service.runs.predict import find_checkpoint
from service.runs.submit import check_stored, digest, queue
from service.settings import Settings
from service.store import checkpoints
from service.store.checkpoints import Snapshot
from service.store.unit import Also, Database, Transaction, nothing

Relation = Literal["fork", "extend", "verify"]


@dataclass(frozen=True)
class Start:
    """A checkpoint of a run with its state, to begin another run from."""

    parent: Run
    checkpoint: Checkpoint
    state: TrainState


def read_start(db: Transaction, run_id: str, action: Relation, name: str) -> Start:
    """Return the checkpoint of a run that `name` stands for; raise NotFound, Conflict, or IllegalTransition."""
    parent = find(db, run_id)
    allow(parent, action)
    checkpoint = find_checkpoint(db, parent, name)
    return Start(parent, checkpoint, read_state(db, checkpoint))


def read_state(db: Transaction, checkpoint: Checkpoint) -> TrainState:
    """Return the state of a checkpoint; raise Conflict if it is damaged."""
    blob = checkpoints.load(db, checkpoint)
    try:
        if blob is not None:
            return TrainState.from_bytes(blob)
    except CoreError as error:
        raise Conflict(f"the checkpoint {checkpoint.id} cannot be read: {error}") from error
    raise Conflict(f"the checkpoint {checkpoint.id} is damaged: its bytes are not those that were stored")


def snapshot(state: TrainState, checkpoint: Checkpoint) -> Snapshot:
    """Return a state for a run that is made with it, beside it the sample of the parent's checkpoint."""
    return Snapshot.of(state, kept=True, sample=checkpoint.sample)


def child(parent: Run, spec: TrainSpec, relation: Relation, checkpoint: Checkpoint | None) -> Run:
    """Return the record of a queued run like its parent, with a spec of its own; it begins at the checkpoint."""
    plain, moment = spec.to_dict(), now()
    start = checkpoint.step if checkpoint else 0
    origin = {"run": parent.id, "checkpoint": checkpoint and checkpoint.id, "step": start, "relation": relation}
    cost = _cost(spec, parent.data)
    return Run(
        id=new_id("run"),
        name=parent.name,
        status=RunStatus.QUEUED,
        dataset=parent.dataset,
        data=parent.data,
        spec=plain,
        spec_digest=digest({"dataset": parent.dataset, "spec": plain}),
        parent=origin,
        step=start,
        steps=spec.training.steps or 0,
        best_step=start if checkpoint else None,
        tags=parent.tags,
        priority=parent.priority,
        estimated_seconds=cost.seconds,
        created_at=moment,
        updated_at=moment,
    )


def _cost(spec: TrainSpec, data: dict[str, Any]) -> Estimate:
    return estimate(spec, data["examples"], len(data["features"]), len(data["classes"]))


def add(
    database: Database,
    settings: Settings,
    run: Run,
    begins_with: list[Snapshot],
    copy: Callable[[Transaction], None] = lambda _: None,
    also: Also[Run] = nothing,
) -> Run:
    """Store a run with the checkpoints that it has from its parent, and whatever `copy` adds, and queue it, all at once."""
    spec = TrainSpec.from_dict(run.spec)
    check_stored(spec.training, _cost(spec, run.data).stored, settings)

    def work(db: Transaction) -> Run:
        queue(db, run, settings)
        checkpoints.save(db, run.id, checkpoints.AT_CREATION, begins_with, best_step=None)
        copy(db)
        stored = find(db, run.id)
        also(db, stored)
        return stored

    return database.write(work)
