"""Branch off a run: a new run that begins with the parameters of a checkpoint and goes on in another way."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import SpecError
from core.fields import show
from core.optimizers import make
from core.spec import TrainSpec
from core.state import TrainState
from service.domain import Run
from service.errors import FieldProblem, InvalidInput
from service.runs import lineage
from service.runs.datasets import ref_of
from service.runs.lineage import Start
from service.runs.submit import RunRequest, check
from service.settings import Settings
from service.store.unit import Also, Database, nothing

Plain = dict[str, Any]

SHAPES = "the parameters of the checkpoint would not fit"
EXAMPLES = "the checkpoint was trained with its present value, and other examples would be held out or scaled otherwise"
FIXED: dict[tuple[str, str], str] = {
    ("model", "kind"): SHAPES,
    ("model", "hidden_sizes"): SHAPES,
    ("model", "hidden_size"): SHAPES,
    ("training", "dtype"): SHAPES,
    ("training", "standardize"): EXAMPLES,
    ("training", "validation_fraction"): EXAMPLES,
}
ORDER = ("batch_size", "seed")
"""What decides, in the training plan, which examples follow which."""


@dataclass(frozen=True, kw_only=True)
class ForkRequest:
    """What a client asks for: the name of a checkpoint, and parts of a spec that replace the parent's."""

    checkpoint: str = "latest"
    name: str | None = None
    tags: dict[str, str] | None = None
    overrides: dict[str, Plain] = field(default_factory=dict)


def fork(database: Database, settings: Settings, run_id: str, request: ForkRequest, also: Also[Run] = nothing) -> Run:
    """Queue a run that begins at a checkpoint of another; its own curve begins there."""
    start = database.read(lambda db: lineage.read_start(db, run_id, "fork", request.checkpoint))
    spec = _spec(database, settings, start, request.overrides)
    run = lineage.child(start.parent, spec, "fork", start.checkpoint)
    run = replace(run, name=request.name or run.name, tags=run.tags if request.tags is None else request.tags)
    return lineage.add(database, settings, run, [lineage.snapshot(_state(start, spec), start.checkpoint)], also=also)


def _spec(database: Database, settings: Settings, start: Start, overrides: dict[str, Plain]) -> TrainSpec:
    """Return the parent's spec with the overrides in it, resolved; raise InvalidInput that names `overrides.…`.

    Where the parent has no steps left and no others are given, the fork makes as many as the parent, beyond the checkpoint.
    """
    _check_fixed(start.parent.spec, overrides)
    try:
        merged = TrainSpec.from_dict(_merged(start.parent.spec, overrides))
        spec, _, _ = check(database, settings, RunRequest(dataset=ref_of(start.parent), spec=merged))
    except SpecError as error:
        raise _of_overrides(FieldProblem(error.path, str(error), error.allowed)) from error
    except InvalidInput as error:
        raise _of_overrides(*error.problems) from error
    steps, done = spec.training.steps or 0, start.state.step
    if steps <= done and "steps" not in overrides.get("training", {}):
        return replace(spec, training=replace(spec.training, steps=done + steps))
    if steps <= done:
        detail = f"training.steps is {steps}, must be greater than {done}, the step of the checkpoint"
        raise _of_overrides(FieldProblem(("training", "steps"), detail))
    return spec


def _of_overrides(*problems: FieldProblem) -> InvalidInput:
    return InvalidInput(*(FieldProblem(("overrides", *problem.path), f"overrides.{problem.detail}") for problem in problems))


def _check_fixed(spec: Plain, overrides: dict[str, Plain]) -> None:
    """Refuse what would need other parameters than the checkpoint has, or would train on what was held out."""
    plan = spec["training"]
    fixed = dict(FIXED)
    if plan["validation_fraction"] or plan["standardize"]:
        fixed["training", "seed"] = fixed["training", "stratify"] = EXAMPLES
    for (part, name), why in fixed.items():
        given = overrides.get(part, {})
        if name in given and name in spec[part] and given[name] != spec[part][name]:
            detail = f"{part}.{name} is {show(given[name])}, must stay {show(spec[part][name])} as in the parent: {why}"
            raise _of_overrides(FieldProblem((part, name), detail))


def _merged(spec: Plain, overrides: dict[str, Plain]) -> Plain:
    """Put the overrides over the spec; another kind of optimizer begins with its own defaults."""
    kind = overrides.get("optimizer", {}).get("kind", spec["optimizer"]["kind"])
    base = spec if kind == spec["optimizer"]["kind"] else {**spec, "optimizer": {}}
    merged = {**base, **{part: {**base[part], **given} for part, given in overrides.items()}}
    plan = overrides.get("training", {})
    if "log_every" in plan and "checkpoint_every" not in plan:
        merged["training"]["checkpoint_every"] = None  # chosen anew: it is a multiple of the other
    return merged


def _state(start: Start, spec: TrainSpec) -> TrainState:
    """Return the state to begin with: the optimizer's memory is kept if it has the same kind and size.

    The point at this step is made again, under the new spec.
    """
    state, before = start.state, TrainSpec.from_dict(start.parent.spec)
    slots = state.slots
    shape = (make(spec.optimizer).slots, state.theta.size)
    if spec.optimizer.kind != before.optimizer.kind or slots.shape != shape:
        slots = np.zeros(shape, state.theta.dtype)
    same_order = all(getattr(spec.training, name) == getattr(before.training, name) for name in ORDER)
    same_model = spec.model == replace(before.model, reg=spec.model.reg, l1=spec.model.l1)
    carry = state.carry if same_order and same_model else None
    state = replace(state, logged=-1, slots=slots, carry=carry)
    state.forget_best()
    return state
