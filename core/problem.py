"""A spec and its data, ready to train."""

from collections.abc import Callable, Sequence

import numpy as np

from core import schedules
from core.data.batches import Batches
from core.data.dataset import Dataset, Normaliser, held_of_each, stratified, train_validation
from core.data.text import Corpus, Streams
from core.errors import SpecError
from core.evaluate import Evaluator, TextEvaluator
from core.generate import generate
from core.models import CharRnn, build
from core.optimizers import make
from core.spec import Balanced, ClassWeightsSpec, PerClass, Training, TrainSpec, held_out, resolve
from core.spec import CharRnn as CharRnnSpec
from core.state import TrainState
from core.types import Array, DType, Floats, Ints

SAMPLE_LENGTH = 200

Part = tuple[Array, Ints]
"""Prepared rows and their labels; of text, the codes and the code that follows each."""


class Problem:
    """A spec and its data, split, normalised and ready to train; `spec` has every default filled in."""

    def __init__(self, spec: TrainSpec, data: Dataset | Corpus) -> None:
        counts = [] if isinstance(data, Corpus) else np.bincount(data.y, minlength=len(data.classes)).tolist()
        check_data(spec, text=isinstance(data, Corpus), class_counts=counts)
        self.spec = resolve(spec, len(data))
        plan = self.spec.training
        self.dtype: DType = np.dtype(plan.dtype)
        self.optimizer = make(spec.optimizer)
        self.schedule = schedules.make(spec.optimizer.schedule, plan.steps or 0)
        self.symbols = data.symbols if isinstance(data, Corpus) else None
        if isinstance(data, Corpus):
            self._take_text(data)
        else:
            self._take_examples(data)

    def _take_examples(self, data: Dataset) -> None:
        plan = self.spec.training
        train_rows, validation_rows = split(plan, data)
        weights = class_weights(plan.class_weights, data.y[train_rows], len(data.classes))
        self.model = build(self.spec.model, data.X.shape[1], len(data.classes), weights)
        X = data.X[train_rows]
        self.normaliser = Normaliser.fit(X) if plan.standardize else Normaliser.identity(X.shape[1])
        self.train: Part = self._prepared(X), data.y[train_rows]
        self.validation: Part = self._prepared(data.X[validation_rows]), data.y[validation_rows]

    def _prepared(self, X: Floats) -> Array:
        return self.model.prepare(self.normaliser(X, self.dtype))

    def _take_text(self, data: Corpus) -> None:
        """Hold out the end of the text: what comes next must not be known from what came before."""
        self.model = build(self.spec.model, 1, len(data.symbols))
        self.normaliser = Normaliser.identity(1)
        cut = len(data) - held_out(len(data), self.spec.training.validation_fraction)
        self.train, self.validation = ((part[:-1], part[1:]) for part in (data.codes[:cut], data.codes[cut:]))

    def batches(self) -> Batches | Streams:
        """Return the training part in the order of the steps."""
        plan, model = self.spec.training, self.spec.model
        if isinstance(model, CharRnnSpec):
            return Streams(*self.train, plan.batch_size or 1, model.sequence_length)
        return Batches(*self.train, plan.batch_size, plan.seed)

    def evaluator(self, theta: Floats, part: Part) -> Evaluator | TextEvaluator:
        """Return what measures theta (P,) on a part."""
        if isinstance(self.model, CharRnn):
            return TextEvaluator(self.model, theta, *part)
        return Evaluator(self.model, theta, *part)

    def begin(self) -> TrainState:
        """Return the state before the first step: parameters drawn from the seed, the optimizer's memory empty."""
        theta = self.model.init(np.random.default_rng([self.spec.training.seed, 2]), self.dtype)
        slots = np.zeros((self.optimizer.slots, theta.size), self.dtype)
        # A model of text that knows nothing needs ln V nats a character: where the smoothed loss starts.
        smooth = None if self.symbols is None else float(np.log(len(self.symbols)))
        return TrainState(0, -1, theta, slots, self.normaliser, smooth_loss=smooth)

    def sample(self, state: TrainState) -> str | None:
        """Return a text that the model writes as it is now, the same for the same state; None if it is no model of text."""
        if self.symbols is None or not isinstance(self.model, CharRnn):
            return None
        rng = np.random.default_rng([self.spec.training.seed, 3, state.step])
        codes = generate(self.model, state.theta, self.train[0][:1], SAMPLE_LENGTH, rng=rng)
        return "".join(self.symbols[code] for code in codes)

    @property
    def rate(self) -> Callable[[int], float]:
        """The learning rate of the update after so many others."""
        base, schedule = self.spec.optimizer.learning_rate, self.schedule
        return lambda step: base * schedule(step)


def split(plan: Training, data: Dataset) -> tuple[Ints, Ints]:
    """Return the rows of the data to train on and those held out, as a plan has it."""
    if plan.stratify:
        return stratified(data.y, plan.validation_fraction, plan.seed)
    return train_validation(len(data), plan.validation_fraction, plan.seed)


def class_weights(spec: ClassWeightsSpec | None, y: Ints, k: int) -> tuple[float, ...] | None:
    """Return what an example of each of k classes counts, given the labels y (N,) of the training part.

    A class that has no example there counts 1 where it is held out.
    """
    if isinstance(spec, Balanced):
        counts = np.bincount(y, minlength=k)
        return tuple(len(y) / (k * n) if n else 1.0 for n in counts.tolist())
    return None if spec is None else spec.weights


def check_data(spec: TrainSpec, *, text: bool, class_counts: Sequence[int]) -> None:
    """Raise SpecError unless the model reads what the data is, and the plan fits its classes with so many examples each."""
    if isinstance(spec.model, CharRnnSpec) is not text:
        needs, got = ("examples with labels", "is a text") if text else ("a text", "holds examples")
        raise SpecError(("model", "kind"), f"is {spec.model.kind!r}, which needs {needs}; the dataset {got}")
    plan = spec.training
    given = plan.class_weights
    if isinstance(given, PerClass) and len(given.weights) != len(class_counts):
        raise SpecError(
            ("training", "class_weights", "weights"),
            f"has {len(given.weights)} items, must have {len(class_counts)}: one for each class",
        )
    if plan.stratify and plan.validation_fraction and not held_of_each(np.array(class_counts), plan.validation_fraction).any():
        raise SpecError(
            ("training", "stratify"),
            f"is true, which holds out none of the {sum(class_counts)} examples at training.validation_fraction "
            f"{plan.validation_fraction:g}: every class has too few",
        )
