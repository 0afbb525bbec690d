"""Specs: what `from_dict` reads and refuses, what `to_dict` writes, and what `resolve` fills in."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SpecError
from core.spec import Adam, Mlp, ModelSpec, Sgd, Softmax, Svm, Training, TrainSpec, resolve
from tests.core.strategies import json_values

SOFTMAX = {"kind": "softmax"}
EVERYTHING: dict[str, Any] = TrainSpec(model=Mlp(), optimizer=Adam()).to_dict()


def test_a_model_is_enough() -> None:
    """Optimizer and training plan have defaults: plain gradient descent on the full batch, as in the course."""
    spec = TrainSpec.from_dict({"model": SOFTMAX})
    assert spec == TrainSpec(model=Softmax(), optimizer=Sgd(), training=Training())
    assert (spec.optimizer.learning_rate, spec.model.reg, spec.training.batch_size) == (1.0, 1e-3, None)


def test_a_spec_survives_json() -> None:
    """What `to_dict` writes is JSON that `from_dict` reads back to an equal spec."""
    spec = TrainSpec(
        model=Mlp(hidden_sizes=(3, 2), activation="tanh", init="xavier"),
        optimizer=Sgd(momentum=0.9, nesterov=True),
        training=Training(steps=5, batch_size=2, seed=7, dtype="float64", validation_fraction=0.25, standardize=True),
    )
    assert TrainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_spec_says_its_version() -> None:
    """A stored spec carries the version of its format."""
    assert EVERYTHING["version"] == 1


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused(version: object) -> None:
    """A spec of another version is not guessed at."""
    with pytest.raises(SpecError, match=rf"^version is {version!r}, this program reads 1$"):
        TrainSpec.from_dict({"version": version, "model": SOFTMAX})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "model is missing"),
        ([], "is [], must be an object"),
        ({"model": SOFTMAX, "modle": 1}, "modle is not a known field, did you mean model?"),
        ({"model": {"kind": "tree"}}, "model.kind is 'tree', must be one of softmax, svm, mlp, char_rnn"),
        ({"model": {"kind": "softmax", "margin": 1}}, "model.margin is not a known field, expected kind, reg, l1"),
        ({"model": {"kind": "softmax", "reg": -1}}, "model.reg is -1, must be at least 0"),
        ({"model": {"kind": "svm", "margin": 0}}, "model.margin is 0, must be greater than 0"),
        ({"model": {"kind": "mlp", "hidden_sizes": [0]}}, "model.hidden_sizes[0] is 0, must be at least 1"),
        ({"model": {"kind": "mlp", "hidden_sizes": [8, 20_000]}}, "model.hidden_sizes[1] is 20000, must be at most 10000"),
        ({"model": {"kind": "mlp", "hidden_sizes": [1] * 21}}, "model.hidden_sizes has 21 items, must have at most 20"),
        ({"model": {"kind": "mlp", "init": "zero"}}, "model.init is 'zero', must be one of normal, xavier, he"),
        ({"model": SOFTMAX, "optimizer": None}, "optimizer.kind is None, must be one of sgd, adagrad, rmsprop, adam"),
        ({"model": SOFTMAX, "optimizer": {"kind": "adam", "beta2": 1}}, "optimizer.beta2 is 1, must be less than 1"),
        (
            {"model": SOFTMAX, "optimizer": {"kind": "sgd", "learning_rate": 0}},
            "optimizer.learning_rate is 0, must be greater than 0",
        ),
        (
            {"model": SOFTMAX, "optimizer": {"kind": "sgd", "nesterov": True}},
            "optimizer.nesterov is true, which needs optimizer.momentum greater than 0",
        ),
        ({"model": SOFTMAX, "training": {"steps": True}}, "training.steps is True, must be an integer"),
        ({"model": SOFTMAX, "training": {"steps": 1.5}}, "training.steps is 1.5, must be an integer"),
        ({"model": SOFTMAX, "training": {"seed": -1}}, "training.seed is -1, must be at least 0"),
        ({"model": SOFTMAX, "training": {"seed": None}}, "training.seed is None, must be an integer"),
        ({"model": SOFTMAX, "training": {"dtype": "float16"}}, "training.dtype is 'float16', must be one of float32, float64"),
        (
            {"model": SOFTMAX, "training": {"validation_fraction": 1}},
            "training.validation_fraction is 1, must be less than 1",
        ),
        (
            {"model": SOFTMAX, "training": {"early_stopping": {"patience": 0}}},
            "training.early_stopping.patience is 0, must be at least 1",
        ),
    ],
)
def test_a_bad_spec_is_refused_with_its_path(value: object, message: str) -> None:
    """The message names the field as one would write it, its value and what it must be."""
    with pytest.raises(SpecError) as caught:
        TrainSpec.from_dict(value)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["steps", "batch_size", "log_every", "checkpoint_every", "early_stopping"])
def test_null_means_to_be_chosen_later(name: str) -> None:
    """A field that is chosen when the run is created may be null."""
    assert TrainSpec.from_dict({"model": SOFTMAX, "training": {name: None}}) == TrainSpec(model=Softmax())


@given(part=st.sampled_from(["model", "optimizer", "training"]), data=st.data(), value=json_values)
def test_no_json_value_breaks_the_reader(part: str, data: st.DataObject, value: object) -> None:
    """Whatever stands in a field, the answer is a SpecError or a spec which survives its own round trip."""
    name = data.draw(st.sampled_from(sorted(EVERYTHING[part])))
    changed = EVERYTHING | {part: EVERYTHING[part] | {name: value}}
    try:
        spec = TrainSpec.from_dict(changed)
    except SpecError:
        return
    assert TrainSpec.from_dict(spec.to_dict()) == spec


def resolved(model: ModelSpec, n: int = 300, **training: Any) -> Training:
    """Return the training plan of a resolved spec."""
    return resolve(TrainSpec(model=model, training=Training(**training)), n).training


@pytest.mark.parametrize(("model", "steps"), [(Softmax(), 200), (Svm(), 200), (Mlp(), 10_000)])
def test_steps_default_to_the_course(model: ModelSpec, steps: int) -> None:
    """A linear classifier takes 200 steps, a network 10 000."""
    assert resolved(model).steps == steps


@pytest.mark.parametrize(
    ("training", "log_every"),
    [
        ({}, 10),
        ({"batch_size": 300}, 10),
        ({"batch_size": 30}, 10),  # 10 batches an epoch
        ({"batch_size": 29}, 11),  # 11 of them
        ({"batch_size": 1}, 300),
        ({"batch_size": 1, "validation_fraction": 0.5}, 150),
        ({"batch_size": 1, "log_every": 7}, 7),
    ],
)
def test_a_point_comes_every_ten_steps_and_at_most_once_an_epoch(training: dict[str, Any], log_every: int) -> None:
    """A point in mini-batches costs a pass over all examples, so it is made once an epoch unless asked for."""
    assert resolved(Softmax(), **training).log_every == log_every


@pytest.mark.parametrize(
    ("training", "checkpoint_every"),
    [
        ({"steps": 200}, 10),
        ({"steps": 10_000}, 500),
        ({"steps": 1}, 10),
        ({"steps": 10_000, "log_every": 300}, 600),  # 500, up to the next multiple
        ({"steps": 200, "log_every": 3}, 12),
        ({"steps": 200, "log_every": 3, "checkpoint_every": 6}, 6),
    ],
)
def test_checkpoints_fall_on_points(training: dict[str, Any], checkpoint_every: int) -> None:
    """About twenty checkpoints a run, each at a multiple of log_every."""
    assert resolved(Softmax(), **training).checkpoint_every == checkpoint_every


def test_a_checkpoint_between_two_points_is_refused() -> None:
    """A checkpoint interval that is asked for must be a multiple of the interval of the points."""
    with pytest.raises(
        SpecError, match=r"^training.checkpoint_every is 25, must be a multiple of training.log_every, which is 10$"
    ):
        resolved(Softmax(), checkpoint_every=25)


@pytest.mark.parametrize(("fraction", "n_train"), [(0.0, 300), (0.2, 240)])
def test_a_batch_is_no_larger_than_the_training_part(fraction: float, n_train: int) -> None:
    """A batch may hold all training examples and not one more."""
    assert resolved(Softmax(), batch_size=n_train, validation_fraction=fraction).batch_size == n_train
    problem = rf"^training.batch_size is {n_train + 1}, must be at most {n_train}, the number of training examples$"
    with pytest.raises(SpecError, match=problem):
        resolved(Softmax(), batch_size=n_train + 1, validation_fraction=fraction)


@pytest.mark.parametrize(
    ("fraction", "leaves"),
    [(0.1, "4 of 4 examples to train and 0 to validate"), (0.9, "0 of 4 examples to train and 4 to validate")],
)
def test_a_split_needs_an_example_on_each_side(fraction: float, leaves: str) -> None:
    """A fraction that leaves nothing to train on or nothing to validate with is refused."""
    with pytest.raises(SpecError, match=rf"^training.validation_fraction is {fraction}, which leaves {leaves}$"):
        resolved(Softmax(), n=4, validation_fraction=fraction)


def test_resolving_changes_nothing_else() -> None:
    """Model, optimizer and every other field of the plan stay as they were, and a second time changes nothing."""
    plan = Training(seed=5, dtype="float64", batch_size=7, validation_fraction=0.3, standardize=True)
    spec = TrainSpec(model=Mlp(), optimizer=Adam(), training=plan)
    once = resolve(spec, 100)
    kept = replace(once.training, steps=None, log_every=None, checkpoint_every=None)
    assert (once.model, once.optimizer, kept) == (spec.model, spec.optimizer, plan)
    assert resolve(once, 100) == once
