"""The work that a row measures: a problem of ours, and the same in plain arrays or text for the peers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from core.data.dataset import Dataset
from core.data.text import Corpus
from core.problem import Problem
from core.spec import Adagrad, CharRnn, ModelSpec, Sgd, Training, TrainSpec
from core.types import Floats, Ints

FOREVER = 10**9
Weights = dict[str, Floats]


class Peer(Protocol):
    """Someone who trains."""

    def steps(self, n: int) -> None:
        """Make n updates and wait until they are done."""

    def weights(self) -> Weights:
        """Return the parameters by the course's names, W (in, out)."""


@dataclass(frozen=True)
class Task:
    """X (N, D) and y (N,) as they are trained on, the weights to start from, and the constants."""

    problem: Problem
    X: Floats
    y: Ints
    start: Weights
    rate: float

    @property
    def kind(self) -> str:
        """Softmax, svm or mlp."""
        return self.problem.spec.model.kind

    @property
    def reg(self) -> float:
        """Strength of L2 regularisation, ½·reg·ΣW²."""
        return self.problem.spec.model.reg

    @property
    def batch_size(self) -> int | None:
        """Examples of a batch; None is all of them."""
        return self.problem.spec.training.batch_size

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches that hold every example once."""
        return -(-len(self.y) // (self.batch_size or len(self.y)))

    def batches(self) -> Iterator[Ints]:
        """Yield the rows of batch after batch without end, a new random order in each epoch."""
        rng = np.random.default_rng(0)
        size = self.batch_size or len(self.y)
        while True:
            order = rng.permutation(len(self.y))
            for start in range(0, len(order), size):
                yield order[start : start + size]


@dataclass(frozen=True)
class CharTask:
    """A text to read in a number of streams."""

    text: str
    hidden_size: int
    sequence_length: int
    streams: int

    @property
    def problem(self) -> Problem:
        """The same as a problem of ours."""
        model = CharRnn(hidden_size=self.hidden_size, sequence_length=self.sequence_length)
        spec = TrainSpec(
            model=model, optimizer=Adagrad(learning_rate=0.1, clip=0.2), training=Training(batch_size=self.streams)
        )
        return Problem(endless(spec), Corpus.of(self.text))


def endless(spec: TrainSpec) -> TrainSpec:
    """Let it run on until it is dropped, and log nothing on the way."""
    return replace(spec, training=replace(spec.training, steps=FOREVER, log_every=FOREVER))


def task(model: ModelSpec, data: Dataset, dtype: str = "float32", batch_size: int | None = None, rate: float = 1.0) -> Task:
    """Prepare a task with plain gradient descent."""
    plan = Training(dtype=dtype, batch_size=batch_size)
    problem = Problem(endless(TrainSpec(model=model, optimizer=Sgd(learning_rate=rate), training=plan)), data)
    rows, y = problem.train
    named = problem.model.layout.named(problem.begin().theta)
    start = {name: np.ascontiguousarray(values) for name, values in named.items()}
    return Task(problem, np.ascontiguousarray(rows[:, : data.X.shape[1]]), y, start, rate)
