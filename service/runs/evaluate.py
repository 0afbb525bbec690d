"""Measure a checkpoint of a run on a dataset."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.dataset import Dataset
from core.data.text import Corpus
from core.evaluate import Evaluator, TextEvaluator, confusion_matrix
from core.models import CharRnn
from core.models.base import LossParts
from core.train import quiet
from core.types import Ints
from service.domain import Checkpoint
from service.errors import FieldProblem, InvalidInput
from service.runs import control, datasets
from service.runs.datasets import DatasetRef
from service.runs.patience import Patience
from service.runs.predict import ModelCache, Trained, trained
from service.settings import Settings
from service.store.unit import Database

SMALLER = "a smaller dataset takes less"


@dataclass(frozen=True)
class Evaluation:
    """How a checkpoint does on a dataset; confusion matrix: row = true class, column = predicted class; None for a text."""

    examples: int
    accuracy: float
    loss: float
    data_loss: float
    reg_loss: float
    classes: list[str | int]
    confusion_matrix: list[list[int]] | None
    checkpoint: Checkpoint


def evaluate(
    database: Database,
    settings: Settings,
    cache: ModelCache,
    run_id: str,
    ref: DatasetRef | None,
    checkpoint: str,
    patience: Patience,
) -> Evaluation:
    """Measure a checkpoint on a dataset; without one, on all examples of the run's own.

    Raise TooLarge if that is estimated to take too long, and Interrupted if nobody waits any more before a part of it.
    """
    model = trained(database, cache, run_id, checkpoint)
    run = control.get(database, run_id)
    if ref is not None:
        datasets.check_size(datasets.describe(database, ref), settings)
    data = datasets.load(database, ref or datasets.ref_of(run))
    if isinstance(model.model, CharRnn):
        return _measure_text(model, model.model, data, patience)
    if isinstance(data, Corpus):
        raise InvalidInput(FieldProblem(("dataset",), "dataset is a text, the model was trained on labelled examples"))
    if data.X.shape[1] != model.model.n_features:
        detail = f"dataset has {data.X.shape[1]} features, the model was trained on {model.model.n_features}"
        raise InvalidInput(FieldProblem(("dataset",), detail))
    return _measure(model, data, patience)


def _numbered(numbers: Ints, names: Sequence[str | int], model: Trained, what: str) -> Ints:
    """Return classes (N,) or symbols in the model's numbering."""
    known = {name: number for number, name in enumerate(model.classes)}
    unknown = [name for name in names if name not in known]
    if unknown:
        detail = f"dataset has the {what} {unknown[0]!r}, the model knows {', '.join(map(repr, model.classes[:20]))}"
        raise InvalidInput(FieldProblem(("dataset",), detail))
    return np.array([known[name] for name in names])[numbers]


def _measure(model: Trained, data: Dataset, patience: Patience) -> Evaluation:
    patience.afford_scores(model.theta, 2 * len(data.y), f"measuring {len(data.y):,} examples", SMALLER)
    y = _numbered(data.y, data.classes, model, "class")
    with quiet():
        rows = model.model.prepare(model.normaliser(data.X, model.theta.dtype))
        parts, share = Evaluator(model.model, model.theta, rows, y)(patience.over)
    _check_finite(parts)
    matrix = confusion_matrix(model.scores(data.X, patience.over).argmax(axis=1), y, len(model.classes))
    return _evaluation(model, len(y), parts, share, matrix.tolist())


def _measure_text(model: Trained, rnn: CharRnn, data: Dataset | Corpus, patience: Patience) -> Evaluation:
    """Measure how well each next character is foretold; there is no confusion matrix: it would have V² cells."""
    if not isinstance(data, Corpus):
        raise InvalidInput(FieldProblem(("dataset",), "dataset holds labelled examples, the model was trained on a text"))
    if len(data) <= rnn.sequence_length:
        detail = (
            f"dataset has {len(data)} characters, more than model.sequence_length are needed, which is {rnn.sequence_length}"
        )
        raise InvalidInput(FieldProblem(("dataset",), detail))
    patience.afford_scores(model.theta, len(data), f"measuring {len(data):,} characters", SMALLER)
    codes = _numbered(data.codes, data.symbols, model, "character")
    with quiet():
        parts, share = TextEvaluator(rnn, model.theta, codes[:-1], codes[1:])(patience.over)
    _check_finite(parts)
    return _evaluation(model, len(codes), parts, share, None)


def _check_finite(parts: LossParts) -> None:
    if not np.isfinite(parts.data):
        raise InvalidInput(FieldProblem(("dataset",), "dataset holds values too large for this model: the loss is not finite"))


def _evaluation(model: Trained, n: int, parts: LossParts, share: float, matrix: list[list[int]] | None) -> Evaluation:
    return Evaluation(n, share, parts.data + parts.reg, parts.data, parts.reg, model.classes, matrix, model.checkpoint)
