"""What is trained, how and for how long; together with the data it decides every bit of the result."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal

from core.errors import SpecError
from core.fields import Limits, read
from core.spec.class_weights import ClassWeightsSpec
from core.spec.data import Seed
from core.spec.ending import LARGER_IS_BETTER, EarlyStopping, Target
from core.spec.model import CharRnn, Mlp, ModelSpec
from core.spec.optimizer import Adagrad, OptimizerSpec, Sgd

SPEC_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long, on how much at a time, and what is measured on the way. Null means: chosen when the run is created."""

    steps: Annotated[
        int | None, Limits(ge=1, le=10**9, doc="number of updates; null: 200, or 10 000 for an mlp or a char_rnn")
    ] = None
    batch_size: Annotated[
        int | None,
        Limits(ge=1, le=10**7, doc="examples per step, null: all of them; of text: streams read in parallel, null: 1"),
    ] = None
    seed: Seed = 0
    dtype: Annotated[Literal["float32", "float64"], Limits(doc="precision of all arithmetic")] = "float32"
    log_every: Annotated[
        int | None,
        Limits(
            ge=1, le=10**9, doc="steps between metric points; null: 10, of text 100, and at most one an epoch in mini-batches"
        ),
    ] = None
    checkpoint_every: Annotated[
        int | None, Limits(ge=1, le=10**9, doc="steps between kept checkpoints, a multiple of log_every; null: about 20 a run")
    ] = None
    validation_fraction: Annotated[
        float, Limits(ge=0, lt=1, doc="share held out: of the examples at random, of a text its end")
    ] = 0.0
    stratify: Annotated[bool, Limits(doc="hold out the same share of every class")] = False
    standardize: Annotated[
        bool, Limits(doc="give each feature mean 0 and deviation 1, fitted on the training part and kept with the model")
    ] = False
    class_weights: Annotated[
        ClassWeightsSpec | None, Limits(doc="what an example counts in the data loss, by its class; null: all the same")
    ] = None
    early_stopping: Annotated[EarlyStopping | None, Limits(doc="end when nothing gets better; null: never")] = None
    target: Annotated[Target | None, Limits(doc="end at the first metric point that is good enough; null: never")] = None
    time_budget: Annotated[
        float | None, Limits(gt=0, le=1e9, doc="seconds of training after which the run ends as it is; null: no limit")
    ] = None


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
        if isinstance(value, Mapping) and "optimizer" not in value:
            spec = replace(spec, optimizer=default_optimizer(spec.model))
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


def default_optimizer(model: ModelSpec) -> OptimizerSpec:
    """Return the optimizer of the course for a model: gradient descent, or for text min-char-rnn's clipped Adagrad.

    min-char-rnn limits the sum over 25 characters to ±5; here the loss is the mean over them.
    """
    return Adagrad(clip=0.2) if isinstance(model, CharRnn) else Sgd()


def held_out(n: int, fraction: float) -> int:
    """Return how many of n examples are held out for validation."""
    return round(n * fraction)


def resolve(spec: TrainSpec, n: int) -> TrainSpec:
    """Fill in every default that depends on the model or on the number n of examples (of text: characters), and check them."""
    plan = spec.training
    n_validation = held_out(n, plan.validation_fraction)
    n_train = n - n_validation
    if n_train < 1 or (plan.validation_fraction > 0 and n_validation < 1):
        raise SpecError(
            ("training", "validation_fraction"),
            f"is {plan.validation_fraction:g}, which leaves {n_train} of {n} examples to train and {n_validation} to validate",
        )
    for name in ("early_stopping", "target"):
        watched = getattr(plan, name)
        if watched is not None and watched.metric.startswith("val_") and n_validation < 1:
            raise SpecError(
                ("training", name, "metric"), f"is {watched.metric!r}, which needs training.validation_fraction greater than 0"
            )
    target = plan.target
    if target is not None and target.metric in LARGER_IS_BETTER and target.value > 1:
        raise SpecError(("training", "target", "value"), f"is {target.value:g}, must be at most 1: {target.metric} is a share")
    text = isinstance(spec.model, CharRnn)
    if isinstance(spec.model, CharRnn):
        _check_text(plan, spec.model.sequence_length, n_train, n_validation)
    elif plan.batch_size is not None and plan.batch_size > n_train:
        raise SpecError(
            ("training", "batch_size"), f"is {plan.batch_size}, must be at most {n_train}, the number of training examples"
        )
    steps = plan.steps or (10_000 if isinstance(spec.model, Mlp | CharRnn) else 200)
    # A point in mini-batch mode is a pass over all training examples: at most one an epoch by default.
    per_epoch = 1 if plan.batch_size is None or text else -(-n_train // plan.batch_size)
    log_every = plan.log_every or max(100 if text else 10, per_epoch)
    about = plan.checkpoint_every or max(1, steps // 20)
    if plan.checkpoint_every is not None and about % log_every:
        raise SpecError(
            ("training", "checkpoint_every"), f"is {about}, must be a multiple of training.log_every, which is {log_every}"
        )
    checkpoint_every = -(-about // log_every) * log_every
    return replace(spec, training=replace(plan, steps=steps, log_every=log_every, checkpoint_every=checkpoint_every))


def _check_text(plan: Training, length: int, n_train: int, n_validation: int) -> None:
    """Check the lengths: a window of T characters needs the one that follows its last: T + 1 in each stream."""
    streams = plan.batch_size or 1
    if (n_train - 1) // streams < length:
        raise SpecError(
            ("training", "batch_size"),
            f"is {streams}, which gives {(n_train - 1) // streams} characters to each of as many streams; "
            f"model.sequence_length is {length}: use fewer streams, shorter sequences or a longer text",
        )
    if 0 < n_validation <= length:
        raise SpecError(
            ("training", "validation_fraction"),
            f"is {plan.validation_fraction:g}, which holds out {n_validation} characters; "
            f"more than model.sequence_length are needed, which is {length}",
        )
    for name, why in (
        ("standardize", "features to scale"),
        ("stratify", "classes to hold out alike"),
        ("class_weights", "classes to weigh"),
    ):
        if getattr(plan, name):
            raise SpecError(("training", name), f"is set, must not be for text, which has no {why}")
