"""Train a run again and compare: a new run of the same spec, which says in the end whether the weights are the same."""

from dataclasses import replace

from core.spec import TrainSpec
from service.domain import Checkpoint, Run
from service.errors import Conflict
from service.runs import lineage
from service.runs.control import allow, find
from service.settings import Settings
from service.store import checkpoints
from service.store.checkpoints import Snapshot
from service.store.unit import Also, Database, Transaction, nothing


def verify(database: Database, settings: Settings, run_id: str, also: Also[Run] = nothing) -> Run:
    """Queue a run that trains again what a run has trained, from where that one began. `verified` is set at its end."""
    parent, begin, begins_with = database.read(lambda db: _beginning(db, run_id))
    run = lineage.child(parent, TrainSpec.from_dict(parent.spec), "verify", begin)
    expected = {"weights_digest": parent.weights_digest, "until": parent.step}  # its time budget may have ended it early
    run = replace(run, parent={**(run.parent or {}), **expected})
    return lineage.add(database, settings, run, begins_with, also=also)


def _beginning(db: Transaction, run_id: str) -> tuple[Run, Checkpoint | None, list[Snapshot]]:
    """Return a run, the checkpoint that it was made with, and a copy of that; none if it began with fresh parameters."""
    parent = find(db, run_id)
    allow(parent, "verify")
    if not parent.parent or not parent.parent["checkpoint"]:
        return parent, None, []
    checkpoint = checkpoints.at_step(db, run_id, parent.parent["step"])
    if checkpoint is not None and checkpoint.attempt == checkpoints.AT_CREATION:
        return parent, checkpoint, [lineage.snapshot(lineage.read_state(db, checkpoint), checkpoint)]
    raise Conflict(f"the checkpoint that the run {run_id} was made with is gone")
