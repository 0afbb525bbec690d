"""Measures and hints, each by itself."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from math import log
from typing import Any

import numpy as np
import pytest

from core.gradcheck import check_model
from core.models import CharRnn, Linear, Mlp, Model
from core.spec import Mlp as MlpSpec
from core.spec import ModelSpec, Sgd, Softmax, Svm, Training, TrainSpec
from core.types import Array, Floats, Ints
from service.domain import StopReason
from service.runs.diagnose import hints, measure
from service.runs.diagnose.evidence import Curve, Evidence, Hint, one_digit
from service.runs.diagnose.measure import DeadUnits, FirstLoss, GradientCheck
from tests.live import ROOT

DEEP = MlpSpec(hidden_sizes=(20, 20))


FORMS = ROOT / "service/web/js/lang/en/hints.js"


def evidence(model: ModelSpec | None = None, rate: float = 1.0, **more: Any) -> Evidence:
    """Return what a run without fault leaves behind, but for what is given; a list is a curve with a point every 10 steps."""
    curves = {name: more.pop(name) for name in ("loss", "data_loss", "val_loss", "update_ratio") if name in more}
    plain: dict[str, Any] = {
        "chance_loss": measure.chance_loss(model or Softmax(), 3),
        "dead_units": [],
        "never_predicted": [],
        "deviations": [],
    }
    return Evidence(
        spec=TrainSpec(model=model or Softmax(), optimizer=Sgd(learning_rate=rate)),
        curves={name: Curve([10 * i for i in range(len(values))], values) for name, values in curves.items()},
        **{**plain, **more},
    )


def told(hint: Hint | None) -> Hint:
    """Return a hint that must be there."""
    assert hint is not None
    return hint


@pytest.mark.parametrize(("value", "rounded"), [(1 / 3, 0.3), (100 / 3, 30), (0.00123, 0.001), (0.05, 0.05), (2 / 3, 0.7)])
def test_one_significant_digit(value: float, rounded: float) -> None:
    """Rates are suggested with one digit."""
    assert one_digit(value) == rounded


def test_a_run_without_fault_has_no_hint() -> None:
    """A loss that falls says nothing."""
    values = [1.1, 0.9, 0.8, 0.75, 0.72, 0.7, 0.69]
    assert hints.drawn_from(evidence(loss=values, data_loss=values, val_loss=values, update_ratio=[1e-3])) == []


def test_a_run_without_points_has_no_hint() -> None:
    """Nothing is said of nothing."""
    assert hints.drawn_from(evidence()) == []


def test_diverged() -> None:
    """The hint of a run that diverged names the rate and a tenth of it, and covers the others about the rate."""
    found = hints.drawn_from(evidence(stop_reason=StopReason.DIVERGED, loss=[1, 2, 4, 8, 16, 32, 64], update_ratio=[9.0]))
    assert [(hint.code, hint.severity) for hint in found] == [("diverged", "error")]
    assert "the learning rate 1 is probably too high" in found[0].message
    assert found[0].suggestion == "fork the run with learning_rate 0.1"
    assert found[0].overrides == {"optimizer": {"learning_rate": 0.1}}


def test_loss_rises_in_a_row() -> None:
    """Five rises in a row are told, four are not."""
    hint = told(hints.loss_rises(evidence(loss=[9, 1, 2, 3, 4, 5, 6, 1])))
    assert hint.message.startswith("the loss rose 5 logged points in a row, up to step 60; the learning rate 1")
    assert hint.suggestion == "fork the run with learning_rate 0.3"
    assert hints.loss_rises(evidence(loss=[9, 1, 2, 3, 4, 5, 1])) is None


def test_a_loss_that_is_stuck_because_of_the_rate() -> None:
    """That it is too low is not said of a rate that was too high: the loss rose, or its units are dead."""
    flat, rose = [1.1] * 6, [1.1, 1.3, 1.3, 1.3, 1.3, 1.3]
    for more in ({"loss": rose}, {"dead_units": [DeadUnits(1, 8, 8)]}):
        codes = [hint.code for hint in hints.drawn_from(evidence(data_loss=flat, **more))]
        assert "loss_stuck" not in codes
        assert len(codes) == 1
    assert [hint.code for hint in hints.drawn_from(evidence(data_loss=flat))] == ["loss_stuck"]


def test_loss_rises_over_all() -> None:
    """A loss that ends above its beginning is told, however it came there."""
    assert "rose from 1 to 3" in told(hints.loss_rises(evidence(loss=[1, 0.5, 3]))).message


def test_loss_jumps() -> None:
    """A loss that goes up and down late is told, one that did so early is not."""
    assert told(hints.loss_jumps(evidence(loss=[1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.6, 0.5, 0.6, 0.5]))).code == "loss_jumps"
    assert hints.loss_jumps(evidence(loss=[1, 2, 1, 2, 1, 0.9, 0.8, 0.7, 0.6, 0.5])) is None


def test_loss_stuck() -> None:
    """Near ln K and at rest: a deep net is told to start with other weights, others to go faster."""
    flat = [log(3)] * 8
    assert told(hints.loss_stuck(evidence(DEEP, data_loss=flat))).suggestion == 'set model.init to "he"'
    tanh = replace(DEEP, activation="tanh")
    assert told(hints.loss_stuck(evidence(tanh, data_loss=flat))).suggestion == 'set model.init to "xavier"'
    slow = told(hints.loss_stuck(evidence(rate=1e-4, data_loss=flat)))
    assert "learning_rate 0.0003" in slow.suggestion
    assert "mlp" in slow.suggestion
    assert hints.loss_stuck(evidence(data_loss=[0.5] * 8)) is None
    assert hints.loss_stuck(evidence(data_loss=[1.1, 1.0, 0.9, 0.8, 0.7, 0.6])) is None
    assert hints.loss_stuck(evidence(Svm(margin=2.0), data_loss=[4.0] * 8)) is not None


def test_dead_relus() -> None:
    """The worst layer is named if a quarter of it is dead."""
    hint = told(hints.dead_relus(evidence(dead_units=[DeadUnits(1, 20, 1), DeadUnits(2, 8, 2)])))
    assert hint.message.startswith("2 of 8 ReLUs of hidden layer 2")
    assert hints.dead_relus(evidence(dead_units=[DeadUnits(1, 8, 1)])) is None


def test_overfitting() -> None:
    """The step is named from which the held-out loss rose while the training loss fell."""
    held, loss = [1.0, 0.6, 0.5, 0.6, 0.7, 0.8], [1.0, 0.6, 0.4, 0.3, 0.2, 0.1]
    hint = told(hints.overfitting(evidence(loss=loss, val_loss=held)))
    assert "since step 20 the held-out loss has risen from 0.5 to 0.8" in hint.message
    assert "reg 0.003" in hint.suggestion
    assert "reg 0.001" in told(hints.overfitting(evidence(Softmax(reg=0.0), loss=loss, val_loss=held))).suggestion
    assert hints.overfitting(evidence(loss=held, val_loss=held)) is None
    assert hints.overfitting(evidence(loss=loss, val_loss=loss)) is None


def test_first_loss_off() -> None:
    """A first loss far from ln K is told with both values."""
    assert "5, far from ln K = 1.1" in told(hints.first_loss_off(evidence(first_loss=FirstLoss(5, 1.1, ok=False)))).message
    assert "(K - 1)·margin" in told(hints.first_loss_off(evidence(Svm(), first_loss=FirstLoss(5, 2, ok=False)))).message
    assert hints.first_loss_off(evidence(first_loss=FirstLoss(1.1, 1.1, ok=True))) is None


def test_feature_scales() -> None:
    """Features of very different scales are told, unless they are standardised or constant."""
    apart = evidence(deviations=[0.1, 50.0])
    assert "from 0.1 to 50" in told(hints.feature_scales(apart)).message
    spec = TrainSpec(model=Softmax(), training=Training(standardize=True))
    assert hints.feature_scales(replace(apart, spec=spec)) is None
    assert hints.feature_scales(evidence(deviations=[0.0, 50.0, 20.0])) is None


def test_update_ratio() -> None:
    """Large steps are told to shrink, small ones to grow; the usual ones are not told of, nor beside a rate too high."""
    assert "learning_rate 0.3" in told(hints.update_ratio(evidence(update_ratio=[1e-3, 0.5]))).suggestion
    assert "learning_rate 3," in told(hints.update_ratio(evidence(update_ratio=[1e-3, 1e-6]))).suggestion
    assert hints.update_ratio(evidence(update_ratio=[0.5, 1e-3])) is None
    assert [hint.code for hint in hints.drawn_from(evidence(loss=[1, 2], update_ratio=[1e-6]))] == ["loss_rises"]


def test_never_predicted() -> None:
    """The classes are named as the dataset wrote them."""
    assert "never predicted: 'setosa', 3," in told(hints.never_predicted(evidence(never_predicted=["setosa", 3]))).message


def test_a_wrong_gradient_is_an_error() -> None:
    """A gradient that is wrong comes first; one that is unsure is not told of."""
    found = hints.drawn_from(evidence(gradient=GradientCheck(0.01, ok=False, examples=9), loss=[1, 2]))
    assert [(hint.code, hint.severity) for hint in found] == [("gradient_wrong", "error"), ("loss_rises", "warning")]
    assert hints.gradient_wrong(evidence(gradient=GradientCheck(0.01, None, 9))) is None


class Spoilt:
    """A model whose gradient is wrong by a factor."""

    def __init__(self, model: Model, factor: float) -> None:
        self.model, self.factor = model, factor

    def check_model(self, model: Model, theta: Floats, X: Array, y: Ints, rng: np.random.Generator) -> float:
        """Check the spoilt model as the program would check the right one."""
        del model
        factor, bind = self.factor, self.model.bind

        def spoilt(theta: Floats, n: int) -> Any:
            program = bind(theta, n)
            right = program.backward

            def backward() -> None:
                right()
                program.gradient *= factor

            program.backward = backward  # type: ignore[method-assign]
            return program

        wrong = type("Wrong", (), {"bind": staticmethod(spoilt), "prepare": staticmethod(self.model.prepare)})()
        return check_model(wrong, theta, X, y, rng)


X5 = np.random.default_rng(1).standard_normal((5, 2))
Y5 = np.array([0, 1, 2, 0, 1])
NET = Mlp(2, (6,), 3, "relu", 0.01, "he")


@pytest.mark.parametrize("model", [NET, Linear(2, 3, "softmax", 0.01), Linear(2, 3, "hinge", 0.01)])
def test_a_gradient_wrong_by_one_percent_is_caught(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right gradient passes, one that is wrong by 1 % does not."""
    theta = model.init(np.random.default_rng(0), np.dtype(np.float32))
    assert measure.gradient_check(model, theta, X5, Y5).ok is True
    for factor in (0.99, 1.01):
        monkeypatch.setattr(measure, "check_model", Spoilt(model, factor).check_model)
        found = measure.gradient_check(model, theta, X5, Y5)
        assert (found.ok, found.note) == (False, None)
    assert theta.dtype == np.float32


def test_a_window_of_text_is_checked() -> None:
    """A char_rnn is checked on one window."""
    model = CharRnn(4, 5, 6, 0.0)
    theta = model.init(np.random.default_rng(0), np.dtype(np.float32))
    codes = np.random.default_rng(1).integers(0, 4, 7)
    found = measure.gradient_check(model, theta, codes[:-1, None], codes[1:])
    assert (found.ok, found.examples, found.near_kinks) == (True, 6, 0)


def test_rows_at_a_kink_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one row at a kink, the others decide, so that a wrong gradient is still caught; if all are, nothing is sure."""
    theta = NET.init(np.random.default_rng(0), np.dtype(np.float64))
    X = X5.copy()
    X[0] = 0  # the biases are zero: each unit sits at its kink
    found = measure.gradient_check(NET, theta, X, Y5)
    assert (found.ok, found.examples, found.near_kinks) == (True, 4, 6)
    assert measure.gradient_check(NET, theta, X[:1], Y5[:1]).note == measure.AT_KINKS
    monkeypatch.setattr(measure, "check_model", Spoilt(NET, 1.01).check_model)
    assert measure.gradient_check(NET, theta, X, Y5).ok is False


def test_a_flat_place_is_unsure() -> None:
    """Where the gradient nearly vanishes, rounding decides and the check says so."""
    model = Linear(1, 2, "softmax", 0.0)
    theta = np.array([20.0, 0.0, -20.0, 0.0])  # W = [20, -20]: right by far
    found = measure.gradient_check(model, theta, np.array([[0.5], [-0.5]]), np.array([0, 1]))
    assert found.ok in (True, None)
    assert found.ok or found.note == measure.FLAT


def test_too_large_models_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model with too many parameters is left alone, and a large one is checked on fewer examples."""
    monkeypatch.setattr(measure, "MAX_PARAMETERS", 8)
    found = measure.gradient_check(Linear(2, 3, "softmax", 0.0), np.zeros(9), X5, Y5)
    assert (found.ok, found.examples, found.note) == (None, 0, "9 parameters are too many to check")
    assert [measure.check_size(n) for n in (9, 2_000_000, 10**9)] == [200, 100, 1]


def test_precision_and_recall() -> None:
    """Against sums written out; None where there is nothing to divide by."""
    matrix = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    a, b, c = measure.per_class(matrix, ["a", "b", "c"])
    assert (a.precision, a.recall, a.examples) == (8 / 9, 0.8, 10)
    assert (b.precision, b.recall, b.examples) == (9 / 11, 0.9, 10)
    assert (c.precision, c.recall, c.examples) == (None, None, 0)


def test_first_loss() -> None:
    """Expected are ln K and (K - 1)·margin; nothing is expected of weights that are not small."""
    assert measure.first_loss(Softmax(), log(3), 1.1) == FirstLoss(1.1, log(3), ok=True)
    assert measure.first_loss(Svm(margin=2.0), measure.chance_loss(Svm(margin=2.0), 3), 9.0) == FirstLoss(9.0, 4.0, ok=False)
    assert measure.first_loss(MlpSpec(init="he"), log(3), 1.1) is None
    assert measure.first_loss(Softmax(), log(3), None) is None


def test_a_constant_feature_has_no_deviation() -> None:
    """Rounding does not make a constant feature vary."""
    assert measure.deviations(np.array([[0.1, 1.0]] * 99 + [[0.1, 2.0]])) == [0.0, pytest.approx(0.0995, rel=1e-3)]


def every_hint() -> Iterator[Hint]:
    """Return a hint of each form that there is."""
    flat, rises = [1.1] * 6, [1.0, 0.5, 3.0]
    yield from hints.drawn_from(evidence(stop_reason=StopReason.DIVERGED))
    for loss in (rises, [9.0, 1, 2, 3, 4, 5, 6, 1], [9.0, 1, 2, 1, 2, 1, 2, 1, 2, 1]):
        yield from hints.drawn_from(evidence(loss=loss))
    for model in (DEEP, Softmax(), MlpSpec(hidden_sizes=(20,))):
        yield from hints.drawn_from(evidence(model, data_loss=flat))
    yield from hints.drawn_from(evidence(dead_units=[DeadUnits(1, 8, 8)]))
    held = [1.0, 0.5, 0.6, 0.7, 0.8, 0.9]
    yield from hints.drawn_from(evidence(loss=[1.0, 0.9, 0.8, 0.7, 0.6, 0.5], val_loss=held))
    for standardize in (False, True):
        plain = evidence(first_loss=FirstLoss(9.0, 1.1, ok=False), deviations=[1.0, 100.0])
        training = replace(plain.spec.training, standardize=standardize)
        yield from hints.drawn_from(replace(plain, spec=replace(plain.spec, training=training)))
    for ratio in (0.5, 1e-6):
        yield from hints.drawn_from(evidence(update_ratio=[1e-3, ratio]))
    yield from hints.drawn_from(evidence(never_predicted=["red, green", 2]))
    yield from hints.drawn_from(evidence(gradient=GradientCheck(0.1, ok=False, examples=4)))


def test_every_hint_has_its_form_in_the_lab() -> None:
    """The Lab translates what is said here by its form: each text has exactly one, and no form is left over."""
    text = FORMS.read_text().replace(":\n    ", ": ")
    forms = {key: json.loads(form) for key, form in re.findall(r"""^  "([\w.]+)": (".*"),$""", text, re.MULTILINE)}
    told = [("hint", hint.message) for hint in every_hint()] + [("advice", hint.suggestion) for hint in every_hint()]
    told += [("note", measure.AT_KINKS), ("note", measure.FLAT)]
    used = set()
    for kind, said in told:
        found = [key for key, form in forms.items() if key.startswith(f"{kind}.") and _pattern(form).fullmatch(said)]
        assert len(found) == 1, said
        used.add(found[0])
    assert used == set(forms)


def _pattern(form: str) -> re.Pattern[str]:
    """Return a form as an expression: names may have spaces in them, other values have none."""
    parts = re.split(r"{(\w+)}", form)
    values = [(".+" if part.startswith("name") else r"\S+") if i % 2 else re.escape(part) for i, part in enumerate(parts)]
    return re.compile("".join(values), re.DOTALL)
