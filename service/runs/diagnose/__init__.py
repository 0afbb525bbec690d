"""Say what is wrong with a run, if anything: its gradient, its units, its curves. Allowed while the run is still training."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from core.data.dataset import Dataset, spread
from core.data.text import Corpus
from core.models import CharRnn, build
from core.problem import class_weights, split
from core.spec import TrainSpec
from core.train import quiet
from service.domain import SERIES, Checkpoint, Run
from service.runs import datasets
from service.runs.diagnose import hints, measure
from service.runs.diagnose.evidence import Curve, Evidence, Hint
from service.runs.history import history
from service.runs.patience import Patience
from service.runs.predict import ModelCache, Trained, trained
from service.store.unit import Database


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """What was found at a checkpoint; what has no meaning for a model is None or empty."""

    checkpoint: Checkpoint
    examples: int
    gradient_check: measure.GradientCheck
    dead_units: list[measure.DeadUnits]
    update_ratio: float | None
    first_loss: measure.FirstLoss | None
    classes: list[str | int] | None
    confusion_matrix: list[list[int]] | None
    accuracy: float | None
    per_class: list[measure.ClassMeasure] | None
    hints: list[Hint]


def diagnose(database: Database, cache: ModelCache, run_id: str, checkpoint: str, patience: Patience) -> Diagnostics:
    """Measure a checkpoint on the run's own data, and draw hints from that and from the curves up to its last point.

    Raise TooLarge if that is estimated to take too long, and Interrupted once nobody waits any more.
    """
    model = trained(database, cache, run_id, checkpoint)
    found = history(database, run_id, SERIES)
    data = datasets.load(database, datasets.ref_of(found.run))
    spec = TrainSpec.from_dict(found.run.spec)
    curves = {name: _curve(found.steps, values) for name, values in found.series.items()}
    with quiet():
        on_data = _of_text(model, data) if isinstance(data, Corpus) else _of_examples(model, data, spec, patience)
    chance = on_data.mean_weight * measure.chance_loss(spec.model, model.model.n_classes)
    first = measure.first_loss(spec.model, chance, _loss_before_training(found.run, curves))
    evidence = Evidence(
        spec=spec,
        chance_loss=chance,
        stop_reason=found.run.stop_reason,
        curves=curves,
        gradient=on_data.gradient_check,
        dead_units=on_data.dead_units,
        first_loss=first,
        never_predicted=[c.label for c in on_data.per_class or [] if c.precision is None and c.examples],
        deviations=on_data.deviations,
    )
    measured = {name: value for name, value in vars(on_data).items() if name not in ("deviations", "mean_weight")}
    ratio = evidence.curve("update_ratio").values
    return Diagnostics(
        **measured,
        checkpoint=model.checkpoint,
        update_ratio=ratio[-1] if ratio else None,
        first_loss=first,
        hints=hints.drawn_from(evidence),
    )


@dataclass(frozen=True, kw_only=True)
class _OnData:
    examples: int
    gradient_check: measure.GradientCheck
    dead_units: list[measure.DeadUnits]
    classes: list[str | int] | None = None
    confusion_matrix: list[list[int]] | None = None
    accuracy: float | None = None
    per_class: list[measure.ClassMeasure] | None = None
    deviations: list[float]
    mean_weight: float = 1.0


def _of_examples(model: Trained, data: Dataset, spec: TrainSpec, patience: Patience) -> _OnData:
    patience.afford_scores(model.theta, 2 * len(data), f"diagnosing {len(data):,} examples", "runs of fewer examples take less")
    train, _ = split(spec.training, data)
    weights = class_weights(spec.training.class_weights, data.y[train], len(data.classes))
    weighted = build(spec.model, len(data.features), len(data.classes), weights)  # the loss that was trained
    chosen = train[spread(len(train), measure.check_size(model.theta.size))]
    exact = np.dtype(np.float64)
    X = model.normaliser(data.X, model.theta.dtype)
    matrix = measure.confusion(model.model, model.theta, X, data.y, patience.over)
    return _OnData(
        examples=len(data),
        gradient_check=measure.gradient_check(weighted, model.theta, model.normaliser(data.X[chosen], exact), data.y[chosen]),
        dead_units=measure.dead(model.model, model.theta, X, patience.over),
        classes=model.classes,
        confusion_matrix=matrix.tolist(),
        accuracy=float(np.trace(matrix) / len(data)),
        per_class=measure.per_class(matrix, model.classes),
        deviations=measure.deviations(data.X[train]),
        mean_weight=1.0 if weights is None else float(np.mean(np.array(weights)[data.y[train]])),
    )


def _of_text(model: Trained, data: Corpus) -> _OnData:
    """Check the gradient on the first window of the text."""
    length = model.model.sequence_length if isinstance(model.model, CharRnn) else 1
    window, following = data.codes[:length, None], data.codes[1 : length + 1]
    check = measure.gradient_check(model.model, model.theta, window, following)
    return _OnData(examples=len(data), gradient_check=check, dead_units=[], deviations=[])


def _curve(steps: list[int], values: list[float | None]) -> Curve:
    points = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None and isfinite(value)]
    return Curve([step for step, _ in points], [value for _, value in points])


def _loss_before_training(run: Run, curves: dict[str, Curve]) -> float | None:
    """Return the data loss of untrained parameters; None if the run went on from those of another."""
    fresh = run.parent is None or run.parent["relation"] == "verify"
    curve = curves.get("data_loss", Curve([], []))
    return curve.values[0] if fresh and curve.steps[:1] == [0] else None


__all__ = ["Diagnostics", "diagnose"]
