"""What every model must do, run over all kinds of ModelSpec; a kind without a case in cases.py fails here."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest

from core.gradcheck import check_model
from core.losses import multiclass_hinge, softmax_cross_entropy
from core.models import Model, build
from core.models.base import LossParts, Program
from core.problem import Problem
from core.spec import Mlp, ModelSpec, Sgd, Softmax, Svm, Training, TrainSpec
from core.state import TrainState
from core.types import Floats, Ints
from tests.core.cases import BLOBS, MODELS, OPTIMIZERS, TEXT_MODELS, kinds, run

every_model = pytest.mark.parametrize("name", MODELS)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
full_and_mini = pytest.mark.parametrize("batch_size", [None, 7], ids=["full", "mini"])  # 24 = 3·7 + 3: with a remainder

Dtype = Literal["float32", "float64"]
FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {"relu": lambda x: np.maximum(0, x), "tanh": np.tanh}


def examples(n: int, d: int, k: int, seed: int = 0) -> tuple[Floats, Ints]:
    """Return random examples X (N, D) and labels y (N,)."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.integers(0, k, n)


def random_theta(model: Model, seed: int = 0, dtype: str = "float64") -> Floats:
    """Return parameters, biases included, of about the size that trained ones have."""
    return (0.7 * np.random.default_rng(seed).standard_normal(model.layout.size)).astype(dtype)


def bound(model: Model, theta: Floats, X: Floats, y: Ints) -> Program:
    """Return the program of a model after its way forward."""
    program = model.bind(theta, len(y))
    program.load(model.prepare(X.astype(theta.dtype)), y)
    program.forward(None)
    return program


def gradient(program: Program) -> Floats:
    """Go back and return the gradient."""
    program.backward()
    return program.gradient.copy()


def hidden_sizes(spec: ModelSpec) -> tuple[int, ...]:
    """Return the units of each hidden layer; a linear model has none."""
    return spec.hidden_sizes if isinstance(spec, Mlp) else ()


def test_every_kind_has_a_case() -> None:
    """Whoever adds a model adds its case, and with it all tests below."""
    assert {spec.kind for spec in (MODELS | TEXT_MODELS).values()} == kinds(ModelSpec)


@every_model
def test_a_spec_survives_json(name: str) -> None:
    """What `to_dict` writes is JSON that `from_dict` reads back to an equal spec."""
    spec = TrainSpec(model=MODELS[name])
    assert TrainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@every_model
@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 2), (5, 3, 4), (20, 2, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_is_that_of_differences(name: str, n: int, d: int, k: int, seed: int) -> None:
    """At random parameters, the gradient is the slope of exactly the loss that is reported."""
    model = build(MODELS[name], d, k)
    X, y = examples(n, d, k, seed)
    assert check_model(model, random_theta(model, seed), X, y, np.random.default_rng(seed)) < 1e-5


@every_model
@pytest.mark.parametrize(("d", "k"), [(1, 2), (3, 4)])
def test_parameters_have_the_courses_names_and_shapes(name: str, d: int, k: int) -> None:
    """W1 (in, out), b1 (out,), W2, … fill the flat vector, each number of which belongs to exactly one of them."""
    layout = build(MODELS[name], d, k).layout
    sizes = (d, *hidden_sizes(MODELS[name]), k)
    expected: dict[str, tuple[int, ...]] = {}
    for i, (inner, out) in enumerate(pairwise(sizes), start=1):
        expected |= {f"W{i}": (inner, out), f"b{i}": (out,)}
    named = layout.named(np.arange(layout.size))
    assert {part: values.shape for part, values in named.items()} == expected
    assert sorted(np.concatenate([values.ravel() for values in named.values()])) == list(range(layout.size))


@every_model
def test_names_are_views(name: str) -> None:
    """Writing to a named part writes to the flat vector."""
    layout = build(MODELS[name], 2, 3).layout
    flat = np.zeros(layout.size)
    for values in layout.named(flat).values():
        values[...] = 1
    assert np.array_equal(flat, np.ones(layout.size))


@every_model
@every_dtype
@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 2), (5, 3, 4)])
def test_scores_and_gradient_have_their_shapes(name: str, dtype: str, n: int, d: int, k: int) -> None:
    """Scores are (N, K) and the gradient is (P,), in the dtype of the parameters, and a feed-forward model carries nothing."""
    model = build(MODELS[name], d, k)
    X, y = examples(n, d, k)
    program = bound(model, random_theta(model, dtype=dtype), X, y)
    assert (program.scores.shape, program.scores.dtype) == ((n, k), np.dtype(dtype))
    assert program.forward(None) is None
    program.backward()
    assert (program.gradient.shape, program.gradient.dtype) == ((model.layout.size,), np.dtype(dtype))
    assert np.isfinite(program.scores).all()
    assert np.isfinite(program.gradient).all()
    assert (model.n_features, model.n_classes) == (d, k)


@every_model
def test_scores_are_those_of_the_textbook(name: str) -> None:
    """Layer after layer, h = f(h W + b), the last one without f."""
    spec = MODELS[name]
    model = build(spec, 3, 4)
    X, y = examples(5, 3, 4)
    theta = random_theta(model)
    named, h = model.layout.named(theta), X
    for i, _ in enumerate(hidden_sizes(spec), start=1):
        h = FUNCTIONS[spec.activation](h @ named[f"W{i}"] + named[f"b{i}"]) if isinstance(spec, Mlp) else h
    last = len(named) // 2
    np.testing.assert_allclose(bound(model, theta, X, y).scores, h @ named[f"W{last}"] + named[f"b{last}"], rtol=1e-12)


@every_model
def test_the_loss_is_the_one_of_the_spec(name: str) -> None:
    """The first part of the loss is the cross-entropy of the scores, or the hinge loss with the margin of the spec."""
    spec = MODELS[name]
    model = build(spec, 3, 4)
    X, y = examples(5, 3, 4)
    program = bound(model, random_theta(model), X, y)
    scores = program.scores.copy()
    expected = multiclass_hinge(scores, y, spec.margin) if isinstance(spec, Svm) else softmax_cross_entropy(scores, y)
    assert program.loss().data == pytest.approx(expected[0], rel=1e-14)


@every_model
def test_regularisation_is_that_of_the_weights(name: str) -> None:
    """The second part of the loss is ½·reg·ΣW² + l1·Σ|W| over all weights and no bias."""
    spec = MODELS[name]
    model = build(spec, 3, 4)
    theta = random_theta(model)
    weights = [values for part, values in model.layout.named(theta).items() if part.startswith("W")]
    parts = bound(model, theta, *examples(5, 3, 4)).loss()
    assert isinstance(parts, LossParts)
    expected = sum(0.5 * spec.reg * np.sum(W * W) + spec.l1 * np.sum(np.abs(W)) for W in weights)
    assert parts.reg == pytest.approx(expected, rel=1e-13)


@every_model
def test_a_batch_is_the_mean_of_its_examples(name: str) -> None:
    """The gradient of a batch is the mean of the gradients of its examples taken alone."""
    model = build(MODELS[name], 3, 4)
    theta, (X, y) = random_theta(model), examples(5, 3, 4)
    alone = [gradient(bound(model, theta, X[i : i + 1], y[i : i + 1])) for i in range(5)]
    np.testing.assert_allclose(gradient(bound(model, theta, X, y)), np.mean(alone, axis=0), rtol=1e-10, atol=1e-14)


@every_model
def test_float32_agrees_with_float64(name: str) -> None:
    """The gradient in single precision is that in double precision, up to single precision."""
    model = build(MODELS[name], 3, 4)
    X, y = examples(20, 3, 4)
    theta = random_theta(model, dtype="float32")
    single, double = (gradient(bound(model, theta.astype(dtype), X, y)) for dtype in ("float32", "float64"))
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-6)


@every_model
def test_a_program_follows_its_parameters(name: str) -> None:
    """A program is bound by reference: it scores with the parameters as they are at each step."""
    model = build(MODELS[name], 3, 4)
    theta, other = random_theta(model, 0), random_theta(model, 1)
    program = bound(model, theta, *examples(5, 3, 4))
    theta[:] = other
    program.forward(None)
    expected = bound(model, other, *examples(5, 3, 4))
    assert np.array_equal(program.scores, expected.scores)
    assert np.array_equal(gradient(program), gradient(expected))


@every_model
def test_a_program_takes_one_batch_after_the_other(name: str) -> None:
    """What a program did before leaves no trace: the bits are those of a fresh one."""
    model = build(MODELS[name], 3, 4)
    theta, second = random_theta(model), examples(5, 3, 4, seed=1)
    program = bound(model, theta, *examples(5, 3, 4, seed=0))
    program.backward()
    program.load(model.prepare(second[0]), second[1])
    program.forward(None)
    fresh = bound(model, theta, *second)
    assert program.loss() == fresh.loss()
    assert np.array_equal(gradient(program), gradient(fresh))


@every_model
def test_looking_at_the_loss_changes_nothing(name: str) -> None:
    """The gradient has the same bits whether the loss was asked for or not."""
    model = build(MODELS[name], 3, 4)
    theta, batch = random_theta(model), examples(5, 3, 4)
    looked_at = bound(model, theta, *batch)
    assert looked_at.loss() == looked_at.loss()
    assert np.array_equal(gradient(looked_at), gradient(bound(model, theta, *batch)))


@every_model
@every_dtype
def test_parameters_are_drawn_from_the_generator(name: str, dtype: str) -> None:
    """The same generator state gives the same bits, another one other weights; biases start at zero."""
    model = build(MODELS[name], 3, 4)
    first, again, other = (model.init(np.random.default_rng(seed), np.dtype(dtype)) for seed in (0, 0, 1))
    assert (first.shape, first.dtype) == ((model.layout.size,), np.dtype(dtype))
    assert first.tobytes() == again.tobytes()
    for part, values in model.layout.named(first).items():
        assert values.any() == part.startswith("W")
        assert part.startswith("b") or not np.array_equal(values, model.layout.named(other)[part])


@every_model
def test_only_the_hinge_loss_gives_no_probabilities(name: str) -> None:
    """A model that minimises the cross-entropy gives probabilities."""
    assert build(MODELS[name], 2, 3).probabilistic is (MODELS[name].kind != "svm")


def train_spec(name: str, optimizer: str, dtype: Dtype, batch_size: int | None, seed: int = 0) -> TrainSpec:
    """Return a run of 23 steps over 24 training and 6 validation examples, points at 0, 5, …, 20 and 23."""
    plan = Training(
        steps=23, log_every=5, batch_size=batch_size, seed=seed, validation_fraction=0.2, standardize=True, dtype=dtype
    )
    return TrainSpec(model=MODELS[name], optimizer=OPTIMIZERS[optimizer], training=plan)


@every_model
@full_and_mini
def test_the_same_seed_gives_the_same_bits(name: str, batch_size: int | None) -> None:
    """A run is a function of its spec and its data."""
    results = []
    for _ in range(2):
        problem = Problem(train_spec(name, "sgd", "float32", batch_size), BLOBS)
        state = problem.begin()
        results.append((run(problem, state), state.to_bytes()))
    assert results[0] == results[1]


@every_model
@full_and_mini
def test_another_seed_gives_other_bits(name: str, batch_size: int | None) -> None:
    """The seed decides the initial weights, the split and the order of the batches."""
    digests = set()
    for seed in range(3):
        problem = Problem(train_spec(name, "sgd", "float32", batch_size, seed), BLOBS)
        state = problem.begin()
        digests.add(state.weights_digest)
        run(problem, state)
        digests.add(state.weights_digest)
    assert len(digests) == 6


@every_model
@every_optimizer
@every_dtype
@full_and_mini
def test_a_resumed_run_ends_with_the_same_bits(name: str, optimizer: str, dtype: Dtype, batch_size: int | None) -> None:
    """A run that was stopped again and again, and went through bytes each time, ends like one that was left alone."""
    spec = train_spec(name, optimizer, dtype, batch_size)
    problem = Problem(spec, BLOBS)
    undisturbed = problem.begin()
    expected = run(problem, undisturbed)
    assert [point.step for point in expected] == [0, 5, 10, 15, 20, 23]

    points, blob = [], Problem(spec, BLOBS).begin().to_bytes()
    for stop in (0, 0, 1, 5, 8, 14, 20, 22, 23, 23):
        problem, state = Problem(TrainSpec.from_dict(spec.to_dict()), BLOBS), TrainState.from_bytes(blob)
        points += run(problem, state, until=stop)
        assert state.step == stop
        blob = state.to_bytes()
    assert points == expected
    assert blob == undisturbed.to_bytes()


@every_model
def test_an_older_checkpoint_repeats_what_came_after_it(name: str) -> None:
    """After a crash the points since the last checkpoint are made again, equal to the lost ones."""
    problem = Problem(train_spec(name, "adam", "float32", 7), BLOBS)
    state = problem.begin()
    before = run(problem, state, until=10)
    checkpoint = state.to_bytes()
    lost = run(problem, state)
    state = TrainState.from_bytes(checkpoint)
    assert run(problem, state) == lost
    assert [point.step for point in before + lost] == [0, 5, 10, 15, 20, 23]


def test_a_network_without_hidden_layers_is_the_softmax_classifier() -> None:
    """With `hidden_sizes` [] a network trains to the bits of the linear classifier."""
    digests = set()
    for model in (Softmax(), Mlp(hidden_sizes=())):
        problem = Problem(TrainSpec(model=model, optimizer=Sgd(), training=Training(steps=20)), BLOBS)
        state = problem.begin()
        run(problem, state)
        digests.add(state.weights_digest)
    assert len(digests) == 1
