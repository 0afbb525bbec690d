"""The specs that the contract tests run over, by a name for the test report: at least one for each kind."""

from typing import get_args

from core.data.dataset import Dataset
from core.data.synthetic import make
from core.data.text import Corpus
from core.errors import Diverged
from core.problem import Problem
from core.spec import (
    Adagrad,
    Adam,
    Blobs,
    CharRnn,
    Constant,
    Cosine,
    Mlp,
    ModelSpec,
    OptimizerSpec,
    Rmsprop,
    ScheduleSpec,
    Sgd,
    Softmax,
    StepDecay,
    Svm,
)
from core.state import TrainState
from core.train import quiet, train
from core.types import Point

MODELS: dict[str, ModelSpec] = {
    "softmax": Softmax(reg=0.01),
    "svm": Svm(reg=0.01, margin=0.7),
    "mlp": Mlp(hidden_sizes=(7,), reg=0.01),
    "mlp without a hidden layer": Mlp(hidden_sizes=(), reg=0.01),
    "mlp of three tanh layers": Mlp(hidden_sizes=(6, 1, 5), activation="tanh", init="xavier", reg=0.01),
    "mlp of two relu layers": Mlp(hidden_sizes=(6, 5), init="he", reg=0.0),
    "softmax with l1 alone": Softmax(reg=0.0, l1=0.02),
    "svm with both": Svm(reg=0.01, l1=0.02),
    "mlp with dropout": Mlp(hidden_sizes=(7, 6), init="he", reg=0.01, l1=0.01, dropout=0.4),
    "tanh mlp with dropout": Mlp(hidden_sizes=(8, 5), activation="tanh", init="xavier", reg=0.0, dropout=0.5),
}

TEXT_MODELS: dict[str, ModelSpec] = {
    "char_rnn": CharRnn(hidden_size=6, sequence_length=4),
    "char_rnn with xavier and reg": CharRnn(hidden_size=5, sequence_length=3, init="xavier", reg=0.01, l1=0.01),
    "char_rnn of single symbols": CharRnn(hidden_size=4, sequence_length=1),
}

OPTIMIZERS: dict[str, OptimizerSpec] = {
    "sgd": Sgd(learning_rate=0.1),
    "sgd with momentum": Sgd(learning_rate=0.1, momentum=0.9),
    "sgd with nesterov": Sgd(learning_rate=0.1, momentum=0.9, nesterov=True),
    "adagrad": Adagrad(learning_rate=0.1),
    "rmsprop": Rmsprop(learning_rate=0.01, decay=0.9),
    "adam": Adam(learning_rate=0.01),
}

SCHEDULES: dict[str, ScheduleSpec] = {
    "constant": Constant(),
    "constant after a warm-up": Constant(warmup_steps=4),
    "step": StepDecay(every=5),
    "step after a warm-up": StepDecay(every=6, factor=0.1, warmup_steps=3),
    "cosine": Cosine(),
    "cosine after a warm-up": Cosine(final=0.1, warmup_steps=5),
}

TEXT = Corpus.of("경사를 따라 내려간다. descend the gradient 🙂\n" * 2)

BLOBS: Dataset = make(Blobs(points_per_class=10, classes=3, features=2))


def kinds(union: object) -> set[str]:
    """Return the `kind` of each spec in a union of specs."""
    return {spec.kind for spec in get_args(union)}


def run(problem: Problem, state: TrainState, until: int | None = None) -> list[Point]:
    """Train to the end, or until `until` updates are made, and return the metric points on the way."""
    points = []
    with quiet():
        for point in train(problem, state):
            points += [point] if point else []
            if state.step == until:
                break
    return points


def run_to_divergence(problem: Problem, state: TrainState) -> tuple[list[Point], Diverged | None]:
    """Train until it diverges, and return the metric points on the way and the error (None if all went well)."""
    points = []
    with quiet():
        try:
            for point in train(problem, state):
                points += [point] if point else []
        except Diverged as error:
            return points, error
    return points, None
