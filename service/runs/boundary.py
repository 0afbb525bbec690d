"""What a model of two features answers everywhere: the regions of its classes. Allowed while the run is still training."""

from dataclasses import dataclass

import numpy as np

from core.data.dataset import Dataset
from core.data.text import Corpus
from core.losses import softmax_
from core.problem import split
from core.spec import TrainSpec
from core.types import Floats, Ints
from service.domain import Checkpoint, Run
from service.errors import Conflict
from service.runs import control, datasets
from service.runs.patience import Patience
from service.runs.predict import ModelCache, Trained, trained
from service.store.unit import Database


@dataclass(frozen=True)
class Boundary:
    """The answers on a grid x (C,), y (R,): `predicted` (R, C) are positions in the classes."""

    run: Run
    checkpoint: Checkpoint
    x: Floats
    y: Floats
    predicted: Ints
    probability: Floats | None
    """That of the class that is predicted (R, C); None for an svm, whose scores are no probabilities."""
    data: Dataset
    held_out: Ints
    """Rows of the data that were not trained on."""


def boundary(
    database: Database, cache: ModelCache, run_id: str, checkpoint: str, *, resolution: int, margin: float, patience: Patience
) -> Boundary:
    """Predict a grid of resolution² points over the range of the run's data, widened by `margin` of it on each side.

    Raise Conflict if the model does not read two features, TooLarge if that is estimated to take too long, and Interrupted
    once nobody waits any more.
    """
    run = control.get(database, run_id)
    _check(run)
    model = trained(database, cache, run_id, checkpoint)
    patience.afford_scores(model.theta, resolution**2, f"a grid of {resolution**2:,} points", "a smaller resolution takes less")
    data = datasets.load(database, datasets.ref_of(run))
    assert not isinstance(data, Corpus)  # noqa: S101 (it has two features)
    x, y = (_axis(column, resolution, margin) for column in data.X.T)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    predicted, probability = _answers(model, grid, resolution, patience)
    _, held_out = split(TrainSpec.from_dict(run.spec).training, data)
    return Boundary(run, model.checkpoint, x, y, predicted, probability, data, held_out)


def _check(run: Run) -> None:
    kind, features = run.spec["model"]["kind"], run.data["features"]
    if kind == "char_rnn":
        raise Conflict(f"the run {run.id} trains a char_rnn, which classifies nothing: it has no decision boundary")
    if len(features) != 2:
        n = "1 feature" if len(features) == 1 else f"{len(features)} features"
        raise Conflict(f"the model of the run {run.id} has {n}, a decision boundary can be shown for 2")


def _axis(column: Floats, resolution: int, margin: float) -> Floats:
    low, high = float(column.min()), float(column.max())
    width = high - low or max(1.0, abs(low))  # of a feature that is constant: something to look at
    return np.linspace(low - margin * width, high + margin * width, resolution)


def _answers(model: Trained, grid: Floats, resolution: int, patience: Patience) -> tuple[Ints, Floats | None]:
    scores = model.scores(grid, patience.over)
    if not np.isfinite(scores).all():
        raise Conflict(f"at step {model.checkpoint.step} the scores are not finite numbers everywhere on the grid")
    shape = (resolution, resolution)
    predicted = scores.argmax(axis=1).reshape(shape)
    if not model.model.probabilistic:
        return predicted, None
    probabilities = scores.astype(np.float64)
    softmax_(probabilities)
    return predicted, probabilities.max(axis=1).reshape(shape)
