"""The loss of an untrained model, by the demo's equations and by textbook passes with many draws of the weights."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from core.data.synthetic import make
from core.spec import Spiral
from service.cli.demo_chance import Chance, cross_entropy, hinge, linear, rectified
from service.cli.demo_checks import text_chance
from service.cli.demo_plan import Plan, Result, python_help
from tests.live import ROOT

HIDDEN, STREAMS, LENGTH, HELD_OUT = 128, 8, 25, 0.05
READ = {
    "model": {"hidden_size": HIDDEN, "sequence_length": LENGTH},
    "training": {"batch_size": STREAMS, "validation_fraction": HELD_OUT},
}
DRAWS = 200
SMALL = 0.01
Array = np.ndarray[Any, Any]
SPIRAL = make(Spiral())
POINTS = SPIRAL.X.tolist(), SPIRAL.y.tolist()
MODELS = ["softmax", "svm", "two-layer net"]
TEXTS = {
    "help()": python_help(),
    "LICENSE": (ROOT / "LICENSE").read_text(),
    "Korean": "".join(c for c in (ROOT / "service/web/js/lang/ko/watch.js").read_text() if c == " " or c >= "가"),
    "two letters": "".join(np.random.default_rng(0).choice(list("ab"), 20_000)),
    "every letter as likely": "".join(map(chr, np.random.default_rng(1).integers(33, 125, 20_000))),
}


@dataclass(frozen=True)
class Untrained:
    """A model before training: what the equations say of its loss, how its scores are drawn, and its loss of scores."""

    chance: Chance
    scores: Callable[[np.random.Generator], Array]
    y: Array
    loss: "Callable[[Array, Array], float]"

    def losses(self, scale: float = 1.0) -> Array:
        """Return the losses of many draws, with scores so many times their size."""
        return np.array([self.loss(scale * self.scores(np.random.default_rng(seed)), self.y) for seed in range(DRAWS)])

    def refused(self, losses: Array) -> float:
        """Return the share of losses that the equations refuse."""
        return float(np.mean([not self.chance.allows(loss) for loss in losses]))


def nats(S: Array, y: Array) -> float:
    """Return the mean cross-entropy."""
    p = np.exp(S)
    return float(-np.log((p / p.sum(axis=1, keepdims=True))[np.arange(len(y)), y]).mean())


def hinges(S: Array, y: Array) -> float:
    """Return the mean multiclass hinge with a margin of 1."""
    over = np.maximum(0, S - S[np.arange(len(y)), y][:, None] + 1)
    return float(over.sum(axis=1).mean() - 1)  # the right class, which counts for nothing, is over by its margin


def small(rng: np.random.Generator, *shape: int) -> Array:
    """Draw weights as the course does."""
    return SMALL * rng.standard_normal(shape)


def xavier(rng: np.random.Generator, *shape: int) -> Array:
    """Draw weights of variance 2 / (inputs + outputs)."""
    return math.sqrt(2 / sum(shape)) * rng.standard_normal(shape)


def reader(text: str) -> Untrained:
    """Return the demo's character RNN on a text."""
    symbols, codes = np.unique(list(text), return_inverse=True)
    V, read = len(symbols), len(text) - round(len(text) * HELD_OUT) - 1
    places = read // STREAMS * np.arange(STREAMS) + np.arange(LENGTH)[:, None]

    def scores(rng: np.random.Generator) -> Array:
        Wxh, Whh, Why = xavier(rng, V, HIDDEN), xavier(rng, HIDDEN, HIDDEN), xavier(rng, HIDDEN, V)
        h, found = np.zeros((STREAMS, HIDDEN)), []
        for x in codes[places]:
            h = np.tanh(Wxh[x] + h @ Whh)
            found.append(h @ Why)
        return np.concatenate(found)

    return Untrained(text_chance(Result(Plan("", "", {}), READ, {}), text), scores, codes[places + 1].ravel(), nats)


@cache
def untrained(name: str) -> Untrained:
    """Return one of the demo's models on the spiral, or its character RNN on a text."""
    X, y = SPIRAL.X, SPIRAL.y
    if name == "softmax":
        return Untrained(cross_entropy(3, linear(*POINTS, SMALL**2)), lambda rng: np.dot(X, small(rng, 2, 3)), y, nats)
    if name == "svm":
        return Untrained(hinge(3, linear(*POINTS, SMALL**2), 1.0), lambda rng: np.dot(X, small(rng, 2, 3)), y, hinges)
    if name == "two-layer net":
        chance = cross_entropy(3, rectified(*POINTS, 100, SMALL**2))
        return Untrained(chance, lambda rng: np.dot(np.maximum(0, X @ small(rng, 2, 100)), small(rng, 100, 3)), y, nats)
    return reader(TEXTS[name])


@pytest.mark.parametrize("name", [*MODELS, *TEXTS])
def test_right_losses_are_as_the_equations_say(name: str) -> None:
    """Mean and deviation are those of the draws, and at most 1 right loss in 100 is refused."""
    model = untrained(name)
    losses = model.losses()
    z = (losses - model.chance.mean) / model.chance.deviation
    assert abs(z.mean()) < 4 / math.sqrt(DRAWS)
    assert 0.85 < z.std() < 1.2
    assert model.refused(losses) <= 0.01


@pytest.mark.parametrize("name", [*MODELS, "help()"])
def test_wrong_losses_are_refused(name: str) -> None:
    """No draw makes up for a loss in bits, or one that is twice, half, a tenth more or a tenth less of what is right."""
    model = untrained(name)
    losses = model.losses()
    for wrong in (losses / math.log(2), losses * 1.1, losses * 0.9, losses * 2, losses / 2):
        assert model.refused(wrong) == 1


@pytest.mark.parametrize(
    ("name", "scale", "share"), [("softmax", 10, 0.6), ("svm", 10, 0.6), ("two-layer net", 10, 0.6), ("help()", 3, 0.9)]
)
def test_scores_of_the_wrong_size_are_refused(name: str, scale: float, share: float) -> None:
    """Most draws tell scores that are ten times too large, of the character RNN three times: its own are not as small."""
    model = untrained(name)
    assert model.refused(model.losses(scale)) >= share


@pytest.mark.parametrize("name", [*MODELS, "help()"])
def test_scores_without_their_deviation_are_refused(name: str) -> None:
    """Scores a hundred times too large, the course's 0.01 forgotten, are told in nearly every draw."""
    model = untrained(name)
    assert model.refused(model.losses(100)) > 0.9


def test_a_loss_that_is_missing_is_refused() -> None:
    """No first loss is no right one."""
    assert not Chance(1.0, 0.0, 1.0).allows(None)
    assert not Chance(1.0, 0.0, 1.0).allows(math.nan)
