"""Measure a checkpoint of a run on a dataset."""

from dataclasses import dataclass

import numpy as np

from core.data.dataset import Dataset
from core.evaluate import Evaluator, confusion_matrix
from core.train import quiet
from core.types import Ints
from service.domain import Checkpoint
from service.errors import FieldProblem, InvalidInput
from service.runs import control, datasets
from service.runs.datasets import DatasetRef
from service.runs.predict import ModelCache, Trained, trained
from service.settings import Settings
from service.store.unit import Database


@dataclass(frozen=True)
class Evaluation:
    """How a checkpoint does on a dataset; confusion matrix: row = true class, column = predicted class."""

    examples: int
    accuracy: float
    loss: float
    data_loss: float
    reg_loss: float
    classes: list[str | int]
    confusion_matrix: list[list[int]]
    checkpoint: Checkpoint


def evaluate(
    database: Database, settings: Settings, cache: ModelCache, run_id: str, ref: DatasetRef | None, checkpoint: str
) -> Evaluation:
    """Measure a checkpoint on a dataset; without one, on all examples of the run's own."""
    model = trained(database, cache, run_id, checkpoint)
    run = control.get(database, run_id)
    if ref is not None:
        datasets.check_size(datasets.describe(database, ref), settings)
    data = datasets.load(database, ref or datasets.ref_of(run))
    if data.X.shape[1] != model.model.n_features:
        detail = f"dataset has {data.X.shape[1]} features, the model was trained on {model.model.n_features}"
        raise InvalidInput(FieldProblem(("dataset",), detail))
    return _measure(model, data, _numbered(data, model.classes))


def _numbered(data: Dataset, classes: list[str | int]) -> Ints:
    """Return y (N,) in the model's numbering of the classes."""
    unknown = [label for label in data.classes if label not in classes]
    if unknown:
        detail = f"dataset has the class {unknown[0]!r}, the model knows {', '.join(map(repr, classes[:20]))}"
        raise InvalidInput(FieldProblem(("dataset",), detail))
    return np.array([classes.index(label) for label in data.classes])[data.y]


def _measure(model: Trained, data: Dataset, y: Ints) -> Evaluation:
    with quiet():
        rows = model.model.prepare(model.normaliser(data.X, model.theta.dtype))
        parts, share = Evaluator(model.model, model.theta, rows, y)()
    if not np.isfinite(parts.data):
        raise InvalidInput(FieldProblem(("dataset",), "dataset holds values too large for this model: the loss is not finite"))
    matrix = confusion_matrix(model.scores(data.X).argmax(axis=1), y, len(model.classes))
    return Evaluation(
        len(y), share, parts.data + parts.reg, parts.data, parts.reg, model.classes, matrix.tolist(), model.checkpoint
    )
