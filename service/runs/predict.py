"""Predict with a checkpoint of a run. Allowed while the run is still training."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.data.dataset import Normaliser
from core.evaluate import Scorer
from core.losses import softmax_
from core.models import CharRnn, Model, build
from core.spec import TrainSpec
from core.state import TrainState
from core.train import quiet
from core.types import Floats, never
from service.domain import Checkpoint, Run
from service.errors import Conflict, FieldProblem, InvalidInput, NotFound, TooLarge
from service.runs.control import find
from service.runs.kept import Kept
from service.runs.patience import ENDLESS, Patience
from service.store import checkpoints
from service.store.unit import Database, Transaction

READY_BYTES = 2**18  # what a model that is ready takes beside its parameters
MAX_SCORES = 5_000_000
STEP = re.compile(r"0|[1-9][0-9]{0,17}")  # as a step is written; longer numbers do not fit into a column
ID = re.compile(r"[!-~]{1,40}")  # text that every database takes as a parameter: no NUL, no lone surrogate


@dataclass(frozen=True)
class Trained:
    """A checkpoint made ready: its model, parameters (P,), normaliser and the names of classes and features."""

    checkpoint: Checkpoint
    model: Model
    theta: Floats
    normaliser: Normaliser
    classes: list[str | int]
    size_bytes: int

    def scores(self, X: Floats, interrupted: Callable[[], bool] = never) -> Floats:
        """Return the scores (N, K) of examples as they came (N, D); may raise Interrupted."""
        with quiet():
            return self._scorer(self.normaliser(X, self.theta.dtype), interrupted)

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self.model, self.theta)


class ModelCache(Kept[str, Trained]):
    """Checkpoints kept ready, by their id."""


@dataclass(frozen=True)
class Prediction:
    """`scores` (N, K) in the order of `classes`, which are as the dataset wrote them; probabilities where there are any."""

    classes: list[str | int]
    scores: Floats
    probabilities: Floats | None
    checkpoint: Checkpoint

    @property
    def labels(self) -> list[str | int]:
        """The class (N,) of each row, made when it is asked for: of 1000 rows it takes 70 µs."""
        return [self.classes[i] for i in self.scores.argmax(axis=1).tolist()]


def find_checkpoint(db: Transaction, run: Run, name: str) -> Checkpoint:
    """Return the checkpoint called `latest` or `best`, of a step or an id; raise NotFound, or Conflict if none is there yet."""
    found = _look_up(db, run, name)
    if found is not None:
        return found
    if checkpoints.latest(db, run.id) is None:
        raise Conflict(f"the run {run.id} is {run.status} and has no checkpoint yet")
    raise NotFound("checkpoint", name)


def _look_up(db: Transaction, run: Run, name: str) -> Checkpoint | None:
    """Return what `name` stands for by one look into an index, so that the number of checkpoints costs nothing."""
    if name == "latest":
        return checkpoints.latest(db, run.id)
    if name == "best":
        return None if run.best_step is None else checkpoints.at_step(db, run.id, run.best_step)
    if STEP.fullmatch(name):
        return checkpoints.at_step(db, run.id, int(name))
    return checkpoints.by_id(db, run.id, name) if ID.fullmatch(name) else None


def names_that_stand(database: Database, run_id: str) -> list[str]:
    """Return which of `best` and `latest` stand for a checkpoint of a run."""

    def work(db: Transaction) -> list[str]:
        run = find(db, run_id)
        return [name for name in ("best", "latest") if _look_up(db, run, name) is not None]

    return database.read(work)


@dataclass(frozen=True)
class CheckpointPage:
    """Some checkpoints of a run, whether there are more, and the steps that `latest` and `best` stand for."""

    rows: list[Checkpoint]
    more: bool
    named: dict[str, int | None]


def checkpoints_of(database: Database, run_id: str, after: str | None, limit: int, order: str) -> CheckpointPage:
    """Return some checkpoints of a run in the order of their steps; `after` is a step or the id of a checkpoint.

    Raise NotFound if the checkpoint of that id is not there: the latest makes way for the next.
    """

    def work(db: Transaction) -> CheckpointPage:
        run = find(db, run_id)
        step = None if after is None else _step_of(db, run_id, after)
        found = checkpoints.page(db, run_id, after_step=step, limit=limit + 1, order=order)
        latest = checkpoints.latest(db, run_id)
        named = {"latest": None if latest is None else latest.step, "best": run.best_step}
        return CheckpointPage(found[:limit], len(found) > limit, named)

    return database.read(work)


def _step_of(db: Transaction, run_id: str, after: str) -> int:
    if after.isdecimal():
        return min(int(after), checkpoints.LAST_STEP)
    checkpoint = checkpoints.by_id(db, run_id, after)
    if checkpoint is None:
        raise NotFound("checkpoint", after)
    return checkpoint.step


def trained(database: Database, cache: ModelCache, run_id: str, name: str) -> Trained:
    """Return the model of a run at a checkpoint."""

    def work(db: Transaction) -> Trained:
        run = find(db, run_id)
        checkpoint = find_checkpoint(db, run, name)
        return cache.get(checkpoint.id) or load(db, run, checkpoint)

    model = database.read(work)
    cache.put(model.checkpoint.id, model)
    return model


def load(db: Transaction, run: Run, checkpoint: Checkpoint) -> Trained:
    """Make a checkpoint ready; raise Conflict if its bytes are not those that were stored."""
    blob = checkpoints.load(db, checkpoint)
    if blob is None:
        raise Conflict(f"the checkpoint {checkpoint.id} is damaged: its bytes are not those that were stored")
    state = TrainState.from_bytes(blob)
    model = build(TrainSpec.from_dict(run.spec).model, len(run.data["features"]), len(run.data["classes"]))
    return Trained(checkpoint, model, state.theta, state.normaliser, run.data["classes"], len(blob) + READY_BYTES)


def predict(
    database: Database, cache: ModelCache, run_id: str, inputs: list[list[float]], checkpoint: str, patience: Patience
) -> Prediction:
    """Predict the class of each row of inputs (N, D) with a checkpoint of a run."""
    model = trained(database, cache, run_id, checkpoint)
    return classify(model, matrix(model, inputs), patience)


def check_classifies(model: Trained) -> None:
    """Raise Conflict for a model of text."""
    if isinstance(model.model, CharRnn):
        run_id = model.checkpoint.run_id
        raise Conflict(f"the run {run_id} trains a char_rnn, which writes text and classifies nothing: use generate")


def matrix(model: Trained, inputs: list[list[float]]) -> Floats:
    """Return rows of features as an array (N, D); raise InvalidInput for a row of another length."""
    check_classifies(model)
    n_features = model.model.n_features
    for i, row in enumerate(inputs):
        if len(row) != n_features:
            detail = f"inputs[{i}] has {len(row)} features, the model was trained on {n_features}"
            raise InvalidInput(FieldProblem(("inputs", i), detail))
    return np.array(inputs, np.float64)


def classify(model: Trained, X: Floats, patience: Patience = ENDLESS) -> Prediction:
    """Predict the class of each row of X (N, D), features as they came.

    Raise InvalidInput if a score is not finite, TooLarge for too many rows, and Interrupted once nobody waits any more.
    """
    if len(X) * len(model.classes) > MAX_SCORES:
        told = f"{len(X):,} rows for {len(model.classes):,} classes are more than {MAX_SCORES:,} scores"
        raise TooLarge(f"{told}: send fewer rows at a time")
    patience.afford_scores(model.theta, len(X), f"predicting {len(X):,} rows", "fewer rows take less")
    out = model.scores(X, patience.over)
    if not np.isfinite(out).all():
        row = int(np.argmin(np.isfinite(out).all(axis=1)))
        detail = f"inputs[{row}] is too large for this model: its scores are not finite numbers"
        raise InvalidInput(FieldProblem(("inputs", row), detail))
    probabilities = None
    if model.model.probabilistic:
        probabilities = out.astype(np.float64)
        softmax_(probabilities)
    return Prediction(model.classes, out, probabilities, model.checkpoint)
