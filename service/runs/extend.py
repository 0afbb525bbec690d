"""Train a run for more steps: a new run that goes on where the old one stands, its curve included."""

from dataclasses import replace

from core.spec import TrainSpec
from core.types import Point
from service.domain import SERIES, Run
from service.errors import FieldProblem, InvalidInput
from service.runs import lineage, summary
from service.runs.control import find
from service.runs.lineage import Start
from service.settings import Settings
from service.store import checkpoints, metrics
from service.store.checkpoints import Snapshot
from service.store.unit import Also, Database, Transaction, nothing


def extend(database: Database, settings: Settings, run_id: str, steps: int, name: str | None, also: Also[Run] = nothing) -> Run:
    """Queue a run like another one with more steps, which begins at its last checkpoint and has its points so far.

    It ends like one run of that many steps: a last point that is there only because the parent ended is left out.
    """
    start = database.read(lambda db: lineage.read_start(db, run_id, "extend", "latest"))
    parent, step = start.parent, start.state.step
    if steps <= step:
        detail = f"steps is {steps}, must be greater than {step}, the step that the run has reached"
        raise InvalidInput(FieldProblem(("steps",), detail))
    spec = TrainSpec.from_dict(parent.spec)
    spec = replace(spec, training=replace(spec.training, steps=steps))
    run = replace(lineage.child(parent, spec, "extend", start.checkpoint), name=name or parent.name)
    every = spec.training.log_every or 1

    run, best = database.read(lambda db: _with_history(db, run, start, every))
    if start.state.stopped:
        start.state.forget_best()
    last = lineage.snapshot(start.state, start.checkpoint)
    begins_with = [last] if best is None else [best, last]

    def copy(db: Transaction) -> None:
        find(db, parent.id)  # deleted in the meantime: there are no points to copy
        metrics.copy(db, parent.id, run.id, to_step=step, every=every)

    return lineage.add(database, settings, run, begins_with, copy, also)


def _with_history(db: Transaction, run: Run, start: Start, every: int) -> tuple[Run, Snapshot | None]:
    """Return the run with its parent's points in short, and a copy of the best of them if it is an earlier one."""
    short: summary.Summary = {}
    for block in metrics.blocks(db, start.parent.id, SERIES, to_step=start.state.step):
        columns = {name: block.values(name) for name in SERIES}
        for i, step in enumerate(block.steps.tolist()):
            if step % every == 0:
                values = {name: value for name, column in columns.items() if (value := column[i]) is not None}
                summary.add(short, Point(step, values))
    best_step = short.get(summary.deciding(short), {}).get("best_step")
    best = None if best_step is None else checkpoints.at_step(db, start.parent.id, best_step)
    if best is None or best.step >= start.state.step:
        return replace(run, metrics=short), None
    return replace(run, metrics=short, best_step=best.step), lineage.snapshot(lineage.read_state(db, best), best)
