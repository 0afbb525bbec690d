"""What a run's curves and measures suggest: each hint is a small function that returns one, or None."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from core.spec import Mlp, Svm
from core.train import much_slower
from service.domain import StopReason
from service.runs.diagnose.evidence import Evidence, Hint, at_rate, fork_at, one_digit, slower

RISES = 5  # logged points in a row
MANY_DEAD = 0.25  # of a layer
APART = 10.0  # the largest standard deviation of a feature over the smallest
USUAL_RATIO = (1e-5, 3e-2)  # of update to weights; about 1e-3 is usual


def diverged(e: Evidence) -> Hint | None:
    """Tell of a run that left the finite numbers."""
    if e.stop_reason is not StopReason.DIVERGED:
        return None
    message = f"the loss became infinite: the learning rate {e.rate:g} is probably too high"
    return Hint("diverged", "error", message, *fork_at(much_slower(e.rate)))


def loss_rises(e: Evidence) -> Hint | None:
    """Tell of a loss that rose several points in a row, or ended above its beginning."""
    curve = e.curve("loss")
    if not curve.values:
        return None
    run = longest = end = 0
    for i, (before, after) in enumerate(pairwise(curve.values), start=1):
        run = run + 1 if after > before * (1 + 1e-4) else 0
        if run > longest:
            longest, end = run, i
    why = f"; the learning rate {e.rate:g} is probably too high"
    if curve.values[-1] > 1.05 * curve.values[0]:
        ended = f"the loss rose from {curve.values[0]:.4g} to {curve.values[-1]:.4g}"
        return Hint("loss_rises", "warning", ended + why, *slower(e))
    if longest >= RISES:
        rose = f"the loss rose {longest} logged points in a row, up to step {curve.steps[end]}"
        return Hint("loss_rises", "warning", rose + why, *slower(e))
    return None


def loss_jumps(e: Evidence) -> Hint | None:
    """Tell of a loss that goes up and down in its second half."""
    values = e.curve("loss").values
    late = values[len(values) // 2 :]
    jumps = sum(after > 1.05 * before for before, after in pairwise(late))
    if len(late) < RISES or jumps < 0.25 * len(late):
        return None
    message = (
        f"the loss jumped up by more than 5 % at {jumps} of the last {len(late)} logged points; the learning rate {e.rate:g}"
    )
    return Hint("loss_jumps", "warning", message + " is probably too high", *slower(e))


def loss_stuck(e: Evidence) -> Hint | None:
    """Tell of a loss that has barely moved and is near that of guessing."""
    values = e.curve("data_loss").values
    chance = e.chance_loss
    late = values[len(values) // 2 :]
    if len(values) < RISES or max(late) - min(late) > 0.01 * chance or abs(late[-1] - chance) > 0.05 * chance:
        return None
    message = f"the loss has barely moved and is {late[-1]:.4g}, near the {chance:.4g} of guessing"
    model = e.spec.model
    if isinstance(model, Mlp) and len(model.hidden_sizes) > 1 and model.init == "normal":
        init = "he" if model.activation == "relu" else "xavier"
        return Hint("loss_stuck", "warning", f"{message}; initial weights of 0.01·randn are too small for a deep net",
                    f'set model.init to "{init}"')  # fmt: skip
    if dead_relus(e):  # a higher rate would not help them
        return None
    faster, overrides = fork_at(e.rate * 3)
    if model.kind in ("softmax", "svm"):
        faster += ", or try an mlp: no straight line may separate these classes"
    return Hint(
        "loss_stuck",
        "warning",
        f"{message}; the learning rate {e.rate:g} is probably too low",
        faster,
        overrides,
    )


def dead_relus(e: Evidence) -> Hint | None:
    """Tell of a layer with many units that are never active."""
    worst = max(e.dead_units, key=lambda layer: layer.dead / layer.units, default=None)
    if worst is None or worst.dead < MANY_DEAD * worst.units:
        return None
    message = f"{worst.dead} of {worst.units} ReLUs of hidden layer {worst.layer} are active for no example and learn nothing"
    return Hint(
        "dead_relus",
        "warning",
        message,
        f"train anew with learning_rate {one_digit(e.rate / 3):g}, or with tanh: they rarely come back",
    )


def overfitting(e: Evidence) -> Hint | None:
    """Tell of a held-out loss that rises while the training loss falls."""
    held, loss = e.curve("val_loss"), dict(zip(e.curve("loss").steps, e.curve("loss").values, strict=True))
    if len(held.values) < RISES:
        return None
    best = int(np.argmin(held.values))
    step, last = held.steps[best], held.steps[-1]
    falls = loss.get(last, np.inf) < loss.get(step, -np.inf)
    if len(held.values) - best < 3 or held.values[-1] < 1.05 * held.values[best] or not falls:
        return None
    message = (
        f"since step {step} the held-out loss has risen from {held.values[best]:.4g} to {held.values[-1]:.4g} "
        "while the training loss fell: the model learns its examples by heart"
    )
    reg = one_digit(e.spec.model.reg * 3) or 0.001
    return Hint("overfitting", "warning", message, f"use the checkpoint best (near step {step}), or train with reg {reg:g}",
                {"model": {"reg": reg}})  # fmt: skip


def first_loss_off(e: Evidence) -> Hint | None:
    """Tell of a first loss that is not what scores near zero give."""
    first = e.first_loss
    if first is None or first.ok:
        return None
    name = "(K - 1)·margin" if isinstance(e.spec.model, Svm) else "ln V" if e.spec.model.kind == "char_rnn" else "ln K"
    message = (
        f"before training the data loss is {first.loss:.4g}, far from {name} = {first.expected:.4g}: "
        "the first scores are not small"
    )
    large = "set training.standardize to true: the features are probably large"
    advice = "look for extreme values in the data" if e.spec.training.standardize or e.spec.model.kind == "char_rnn" else large
    return Hint("first_loss", "warning", message, advice)


def feature_scales(e: Evidence) -> Hint | None:
    """Tell of features that differ in scale and are not standardised."""
    varied = [value for value in e.deviations if value > 0]
    if e.spec.training.standardize or len(varied) < 2 or max(varied) < APART * min(varied):
        return None
    message = (
        f"the features' standard deviations go from {min(varied):.3g} to {max(varied):.3g}: no learning rate suits them all"
    )
    return Hint("feature_scales", "warning", message, "set training.standardize to true")


def update_ratio(e: Evidence) -> Hint | None:
    """Tell of updates that are very large or very small beside the weights."""
    values = e.curve("update_ratio").values
    low, high = USUAL_RATIO
    if not values or low <= values[-1] <= high:
        return None
    big = values[-1] > high
    size = "large" if big else "small"
    message = f"the last update was {values[-1]:.2g} of the parameters, about 1e-3 is usual: the steps are {size}"
    rate = e.rate / 3 if big else e.rate * 3
    advice = f"try learning_rate {one_digit(rate):g}"
    rest = "" if big else ", unless the loss has come to rest where it should"
    return Hint("update_ratio", "info", message, advice + rest, at_rate(rate))


def never_predicted(e: Evidence) -> Hint | None:
    """Tell of classes that have examples and are never predicted."""
    if not e.never_predicted:
        return None
    names = ", ".join(map(repr, e.never_predicted[:10])) + (", …" if len(e.never_predicted) > 10 else "")
    message = f"never predicted: {names}, though the data holds examples of it"
    return Hint("never_predicted", "warning", message, "if nothing else is wrong, train longer or give the class more examples")


def gradient_wrong(e: Evidence) -> Hint | None:
    """Tell of an analytic gradient that differs from the numeric one."""
    if e.gradient is None or e.gradient.ok is not False:
        return None
    message = f"the gradient differs from the numeric one by {e.gradient.relative_error:.2g}: this is a mistake of the program"
    return Hint("gradient_wrong", "error", message, "report it, with the run's spec")


ALL: tuple[Callable[[Evidence], Hint | None], ...] = (
    gradient_wrong, diverged, loss_rises, loss_jumps, loss_stuck, dead_relus, overfitting, first_loss_off, feature_scales,
    update_ratio, never_predicted,
)  # fmt: skip


TOO_FAST = ("diverged", "loss_rises", "loss_jumps")
COVERED: dict[str, tuple[str, ...]] = {  # what says no more than, or the opposite of, what another hint says better
    "loss_rises": ("diverged",),
    "loss_jumps": ("diverged", "loss_rises"),
    "loss_stuck": TOO_FAST,
    "update_ratio": TOO_FAST,
}


def drawn_from(evidence: Evidence) -> list[Hint]:
    """Return every hint that applies and is not covered by another, the most serious first."""
    found = {hint.code: hint for rule in ALL if (hint := rule(evidence)) is not None}
    told = [hint for hint in found.values() if found.keys().isdisjoint(COVERED.get(hint.code, ()))]
    return sorted(told, key=lambda hint: ("error", "warning", "info").index(hint.severity))
