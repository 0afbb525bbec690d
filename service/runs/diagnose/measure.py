"""What can be measured on a trained model: its gradient, its dead units, its mistakes."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, log

import numpy as np

from core.diagnose import dead_units, near_kinks
from core.evaluate import confusion_matrix, scores
from core.gradcheck import check_model
from core.models import CharRnn, Mlp, Model
from core.spec import ModelSpec, Svm
from core.types import Array, Floats, Ints, never

RIGHT = 1e-4  # a gradient wrong by 1 % has a relative error of about 1e-2
KINK = 1e-5  # the checker moves by 1e-6
ROUNDING = 1e-8  # what rounding makes of a difference of losses near 1, divided by 2e-6
MAX_EXAMPLES = 200
MAX_WORK = 200_000_000  # examples times parameters: a few seconds
MAX_PARAMETERS = 2_000_000  # about three seconds

AT_KINKS = (
    f"every example has an input of a ReLU, or a margin, within {KINK:g} of the kink, where a difference is no derivative: "
    "try another checkpoint"
)
FLAT = "the gradient is so small here that rounding decides: try an earlier checkpoint"


@dataclass(frozen=True)
class GradientCheck:
    """Analytic against numeric gradient; `ok` is None where the comparison says nothing, and `note` says why."""

    relative_error: float | None
    ok: bool | None
    examples: int
    near_kinks: int = 0
    note: str | None = None


@dataclass(frozen=True)
class DeadUnits:
    """A hidden ReLU layer, numbered from 1: how many of its units are never active."""

    layer: int
    units: int
    dead: int


@dataclass(frozen=True)
class FirstLoss:
    """The data loss before the first update, and what it is expected to be."""

    loss: float
    expected: float
    ok: bool


@dataclass(frozen=True)
class ClassMeasure:
    """How well one class is found: the share of its predictions that are right, and of its examples that are found."""

    label: str | int
    examples: int
    precision: float | None
    recall: float | None


def check_size(parameters: int) -> int:
    """Return on how many examples to check the gradient of so many parameters."""
    return max(1, min(MAX_EXAMPLES, MAX_WORK // parameters))


def gradient_check(model: Model, theta: Floats, X: Array, y: Ints) -> GradientCheck:
    """Check the gradient at theta (P,) in float64, on normalised X (N, D) and y (N,), or a window of text (T, B), (T·B,).

    Rows too close to a kink are left out if the comparison fails with them.
    """
    if theta.size > MAX_PARAMETERS:
        return GradientCheck(None, None, 0, 0, f"{theta.size:,} parameters are too many to check")
    theta = theta.astype(np.float64)
    near = near_kinks(model, theta, X, y, KINK)
    kinks = int(near.sum())
    error = check_model(model, theta, X, y, np.random.default_rng(0))
    if error >= RIGHT and kinks and not near.all():
        X, y = X[near == 0], y[near == 0]
        error = check_model(model, theta, X, y, np.random.default_rng(0))
    if not isfinite(error):
        return GradientCheck(None, None, len(y), kinks, "the loss or its gradient is not finite here")
    note = None
    if error >= RIGHT:
        note = AT_KINKS if near.all() else _too_flat(error, *_slope(model, theta, X, y))
    return GradientCheck(error, None if note else error < RIGHT, len(y), kinks, note)


def _too_flat(error: float, slope: float, loss: float) -> str | None:
    """Say that rounding explains a relative error; None if it does not."""
    return FLAT if error * slope < ROUNDING * max(1.0, loss) else None


def _slope(model: Model, theta: Floats, X: Array, y: Ints) -> tuple[float, float]:
    """Return the root mean square of the gradient, which is its usual slope along a unit vector, and the loss."""
    text = isinstance(model, CharRnn)
    program = model.bind(theta, X.shape[1] if text else len(y))
    program.load(X if text else model.prepare(X), y)
    program.forward(None)
    loss = sum(program.loss())
    program.backward()
    return float(np.sqrt(np.mean(program.gradient**2))), loss


def dead(model: Model, theta: Floats, X: Floats, interrupted: Callable[[], bool] = never) -> list[DeadUnits]:
    """Return the dead units of each hidden ReLU layer; none for other models. May raise Interrupted."""
    if not isinstance(model, Mlp) or model.activation != "relu":
        return []
    counts = dead_units(model, theta, X, interrupted)
    layers = zip(model.hidden_sizes, counts, strict=True)
    return [DeadUnits(layer, units, count) for layer, (units, count) in enumerate(layers, start=1)]


def confusion(model: Model, theta: Floats, X: Floats, y: Ints, interrupted: Callable[[], bool] = never) -> Ints:
    """Return counts (K, K) on normalised examples: row = true class, column = predicted class. May raise Interrupted."""
    return confusion_matrix(scores(model, theta, X, interrupted).argmax(axis=1), y, model.n_classes)


def per_class(matrix: Ints, classes: list[str | int]) -> list[ClassMeasure]:
    """Return precision and recall of each class; None where nothing was predicted or nothing is there."""
    found = []
    for i, label in enumerate(classes):
        right, predicted, there = int(matrix[i, i]), int(matrix[:, i].sum()), int(matrix[i].sum())
        found.append(ClassMeasure(label, there, right / predicted if predicted else None, right / there if there else None))
    return found


def chance_loss(spec: ModelSpec, k: int) -> float:
    """Return the data loss of a model that scores all K classes alike: ln K, or (K - 1)·margin of an svm."""
    return (k - 1) * spec.margin if isinstance(spec, Svm) else log(k)


def first_loss(spec: ModelSpec, expected: float, loss: float | None) -> FirstLoss | None:
    """Hold the loss before the first update against that of guessing; None where the initial scores are not small."""
    if loss is None or not isfinite(loss) or getattr(spec, "init", "normal") != "normal":
        return None
    return FirstLoss(loss, expected, abs(loss - expected) <= 0.1 * expected)


def deviations(X: Floats) -> list[float]:
    """Return the standard deviation of each feature of X (N, D); exactly 0 of a constant one, whatever rounding makes of it."""
    return list(np.where(X.max(axis=0) > X.min(axis=0), X.std(axis=0), 0.0).tolist())
