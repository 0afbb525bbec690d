"""What is trained, how and for how long; together with the data it decides every bit of the result."""

from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal

from core.errors import SpecError
from core.fields import Limits, read
from core.spec.data import Seed
from core.spec.model import Mlp, ModelSpec
from core.spec.optimizer import OptimizerSpec, Sgd

SPEC_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long, on how much at a time, and what is measured on the way. Null means: chosen when the run is created."""

    steps: Annotated[int | None, Limits(ge=1, le=10**9, doc="number of updates; null: 200, or 10 000 for an mlp")] = None
    batch_size: Annotated[int | None, Limits(ge=1, le=10**7, doc="examples per step; null: all of them")] = None
    seed: Seed = 0
    dtype: Annotated[Literal["float32", "float64"], Limits(doc="precision of all arithmetic")] = "float32"
    log_every: Annotated[
        int | None,
        Limits(ge=1, le=10**9, doc="steps between metric points; null: 10, and at most one an epoch in mini-batches"),
    ] = None
    checkpoint_every: Annotated[
        int | None, Limits(ge=1, le=10**9, doc="steps between kept checkpoints, a multiple of log_every; null: about 20 a run")
    ] = None
    validation_fraction: Annotated[float, Limits(ge=0, lt=1, doc="share of the examples held out, drawn at random")] = 0.0
    standardize: Annotated[
        bool, Limits(doc="give each feature mean 0 and deviation 1, fitted on the training part and kept with the model")
    ] = False
    early_stopping: Annotated[None, Limits(doc="null: a run takes all its steps")] = None


@dataclass(frozen=True, kw_only=True)
class TrainSpec:
    """A model, an optimizer and a training plan."""

    model: ModelSpec
    optimizer: OptimizerSpec = field(default_factory=Sgd)
    training: Training = field(default_factory=Training)

    @staticmethod
    def from_dict(value: object) -> "TrainSpec":
        """Read a spec from JSON values; raise SpecError that names the path of what is wrong."""
        if isinstance(value, dict) and "version" in value:
            version = value["version"]
            if version is True or version != SPEC_VERSION:
                raise SpecError(("version",), f"is {version!r}, this program reads {SPEC_VERSION}")
            value = {k: v for k, v in value.items() if k != "version"}
        spec = read(TrainSpec, value)
        optimizer = spec.optimizer
        if isinstance(optimizer, Sgd) and optimizer.nesterov and optimizer.momentum == 0:
            raise SpecError(("optimizer", "nesterov"), "is true, which needs optimizer.momentum greater than 0")
        return spec

    def to_dict(self) -> dict[str, Any]:
        """Write the spec as JSON values that `from_dict` reads back."""
        plain = asdict(self)
        if isinstance(self.model, Mlp):
            plain["model"]["hidden_sizes"] = list(self.model.hidden_sizes)
        return {"version": SPEC_VERSION, **plain}


def held_out(n: int, fraction: float) -> int:
    """Return how many of n examples are held out for validation."""
    return round(n * fraction)


def resolve(spec: TrainSpec, n: int) -> TrainSpec:
    """Fill in every default that depends on the model or on the number n of examples, and check what depends on it."""
    plan = spec.training
    n_validation = held_out(n, plan.validation_fraction)
    n_train = n - n_validation
    if n_train < 1 or (plan.validation_fraction > 0 and n_validation < 1):
        raise SpecError(
            ("training", "validation_fraction"),
            f"is {plan.validation_fraction:g}, which leaves {n_train} of {n} examples to train and {n_validation} to validate",
        )
    if plan.batch_size is not None and plan.batch_size > n_train:
        raise SpecError(
            ("training", "batch_size"), f"is {plan.batch_size}, must be at most {n_train}, the number of training examples"
        )
    steps = plan.steps or (10_000 if isinstance(spec.model, Mlp) else 200)
    # A point in mini-batch mode is a pass over all training examples: at most one an epoch by default.
    per_epoch = 1 if plan.batch_size is None else -(-n_train // plan.batch_size)
    log_every = plan.log_every or max(10, per_epoch)
    about = plan.checkpoint_every or max(1, steps // 20)
    if plan.checkpoint_every is not None and about % log_every:
        raise SpecError(
            ("training", "checkpoint_every"), f"is {about}, must be a multiple of training.log_every, which is {log_every}"
        )
    checkpoint_every = -(-about // log_every) * log_every
    return replace(spec, training=replace(plan, steps=steps, log_every=log_every, checkpoint_every=checkpoint_every))
