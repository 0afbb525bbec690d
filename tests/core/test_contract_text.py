"""What every model of text must do, run over TEXT_MODELS of cases.py."""

import json
from math import log
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.text import Corpus
from core.evaluate import TextEvaluator
from core.gradcheck import check_model
from core.models import CharRnn, build, char_rnn
from core.problem import Problem
from core.spec import Adagrad, Training, TrainSpec
from core.spec import CharRnn as CharRnnSpec
from core.state import TrainState
from core.train import SMOOTHING
from core.types import Array, Floats, Ints
from tests.core.cases import OPTIMIZERS, TEXT, TEXT_MODELS, run

every_model = pytest.mark.parametrize("name", TEXT_MODELS)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
one_and_three = pytest.mark.parametrize("streams", [None, 3], ids=["one stream", "three streams"])
Dtype = Literal["float32", "float64"]


def model_of(name: str, v: int = 5) -> CharRnn:
    """Return the model of a case over V symbols."""
    model = build(TEXT_MODELS[name], 1, v)
    assert isinstance(model, CharRnn)
    return model


def window(model: CharRnn, streams: int, seed: int = 0) -> tuple[Ints, Ints]:
    """Return random codes (T, B) and what follows each (T·B,)."""
    T, rng = model.sequence_length, np.random.default_rng(seed)
    return rng.integers(0, model.n_symbols, (T, streams)), rng.integers(0, model.n_symbols, T * streams)


def random_theta(model: CharRnn, seed: int = 0) -> Floats:
    """Return parameters, biases included, of about the size that trained ones have."""
    return 0.7 * np.random.default_rng(seed).standard_normal(model.layout.size)


def min_char_rnn(model: CharRnn, theta: Floats, x: Ints, y: Ints, h0: Array) -> tuple[float, Floats]:
    """Return loss and gradient (P,), one stream and one symbol at a time, as min-char-rnn writes them."""
    Wxh, Whh, bh, Why, by = model.layout.named(theta).values()
    gradient = np.zeros_like(theta)
    dWxh, dWhh, dbh, dWhy, dby = model.layout.named(gradient).values()
    T, B = x.shape
    targets, loss = y.reshape(T, B), 0.0
    for b in range(B):
        xs, hs, ps = {}, {-1: h0[b]}, {}
        for t in range(T):
            xs[t] = np.zeros(model.n_symbols)
            xs[t][x[t, b]] = 1
            hs[t] = np.tanh(np.dot(xs[t], Wxh) + np.dot(hs[t - 1], Whh) + bh)
            scores = np.dot(hs[t], Why) + by
            ps[t] = np.exp(scores) / np.sum(np.exp(scores))
            loss += -np.log(ps[t][targets[t, b]]) / (T * B)
        dhnext = np.zeros_like(bh)
        for t in reversed(range(T)):
            dy = ps[t].copy()
            dy[targets[t, b]] -= 1
            dy /= T * B
            dWhy += np.outer(hs[t], dy)
            dby += dy
            dhraw = (1 - hs[t] * hs[t]) * (np.dot(Why, dy) + dhnext)
            dbh += dhraw
            dWxh += np.outer(xs[t], dhraw)
            dWhh += np.outer(hs[t - 1], dhraw)
            dhnext = np.dot(Whh, dhraw)
    for weights, dW in ((Wxh, dWxh), (Whh, dWhh), (Why, dWhy)):
        loss += 0.5 * model.reg * float(np.sum(weights * weights))
        np.add(dW, model.reg * weights, out=dW)
    return loss, gradient


@every_model
@pytest.mark.parametrize(("v", "streams"), [(2, 1), (5, 3)])
def test_the_gradient_is_that_of_differences(name: str, v: int, streams: int) -> None:
    """Through the whole window, the gradient is the slope of exactly the loss that is reported."""
    model = model_of(name, v)
    assert check_model(model, random_theta(model), *window(model, streams), np.random.default_rng(0)) < 1e-5


@given(st.integers(1, 5), st.integers(1, 4), st.integers(2, 6), st.integers(1, 5), st.sampled_from([0.0, 0.1]), st.booleans())
def test_a_step_is_that_of_min_char_rnn(T: int, B: int, V: int, H: int, reg: float, carried: bool) -> None:  # noqa: FBT001
    """Loss and all five gradients are those of the slow loop, from an empty and from a carried memory."""
    model = CharRnn(V, H, T, reg)
    theta, (x, y) = random_theta(model), window(model, B)
    h0 = np.random.default_rng(1).uniform(-1, 1, (B, H)) if carried else np.zeros((B, H))
    program = model.bind(theta, B)
    program.load(x, y)
    program.forward(h0 if carried else None)
    loss, gradient = min_char_rnn(model, theta, x, y, h0)
    assert sum(program.loss()) == pytest.approx(loss, rel=1e-10)
    program.backward()
    np.testing.assert_allclose(program.gradient, gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("small", [0, 10**6], ids=["one product", "a product for each symbol"])
def test_many_streams_are_min_char_rnn_too(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where there are enough rows to sort them by symbol, and to split the products."""
    monkeypatch.setattr(char_rnn, "BLAS_SMALL", small)
    model = CharRnn(60, 65, 20, 0.1)
    theta, (x, y) = 0.2 * random_theta(model), window(model, 30)
    x[x == 7] = 8  # a symbol that does not occur
    h0 = np.random.default_rng(1).uniform(-1, 1, (30, 65))
    program = model.bind(theta, 30)
    program.load(x, y)
    program.forward(h0)
    loss, gradient = min_char_rnn(model, theta, x, y, h0)
    assert sum(program.loss()) == pytest.approx(loss, rel=1e-10)
    program.backward()
    np.testing.assert_allclose(program.gradient, gradient, rtol=1e-8, atol=1e-11)


@every_model
@every_dtype
@pytest.mark.parametrize("streams", [1, 3, 16])
def test_the_way_back_tells_the_loss(name: str, dtype: Dtype, streams: int) -> None:
    """`backward` returns the data loss, bit for bit that of `loss`."""
    model = model_of(name)
    program = model.bind(random_theta(model).astype(dtype), streams)
    program.load(*window(model, streams))
    program.forward(None)
    expected = program.loss().data
    assert program.backward() == expected


@every_model
def test_parameters_have_the_names_and_shapes_of_min_char_rnn(name: str) -> None:
    """Wxh, Whh, bh, Why and by fill the flat vector."""
    model = model_of(name)
    V, H = model.n_symbols, model.hidden_size
    shapes = {part: values.shape for part, values in model.layout.named(np.zeros(model.layout.size)).items()}
    assert shapes == {"Wxh": (V, H), "Whh": (H, H), "bh": (H,), "Why": (H, V), "by": (V,)}


@every_model
def test_two_windows_are_one_of_twice_the_length(name: str) -> None:
    """With the carry handed on, scores do not know where a window ends; and it is not overwritten later."""
    model = model_of(name)
    long = CharRnn(5, model.hidden_size, 2 * model.sequence_length, model.reg)
    theta, (x, y) = random_theta(model), window(long, 3)
    whole, halves = long.bind(theta, 3), model.bind(theta, 3)
    whole.load(x, y)
    whole.forward(None)
    scores, carry, kept = [], None, []
    for part, labels in zip(np.split(x, 2), np.split(y, 2), strict=True):
        halves.load(part, labels)
        carry = halves.forward(carry)
        scores.append(halves.scores.copy())
        kept.append((carry, carry.copy()))
    np.testing.assert_allclose(np.concatenate(scores), whole.scores, rtol=1e-12, atol=1e-12)
    assert all(np.array_equal(carry, copy) for carry, copy in kept)


@every_model
def test_a_program_takes_one_window_after_the_other(name: str) -> None:
    """What a program did before leaves no trace, and looking at the loss changes nothing."""
    model = model_of(name)
    theta, used = random_theta(model), model.bind(random_theta(model), 3)
    fresh = model.bind(theta, 3)
    used.load(*window(model, 3, seed=1))
    used.forward(np.ones((3, model.hidden_size)))
    used.backward()
    for program in (used, fresh):
        program.load(*window(model, 3, seed=2))
        program.forward(None)
    assert used.loss() == used.loss()
    used.backward()
    fresh.backward()
    assert np.array_equal(used.gradient, fresh.gradient)


def train_spec(name: str, optimizer: str, dtype: Dtype, streams: int | None, seed: int = 0) -> TrainSpec:
    """Return a run of 80 steps, which goes over the end of an epoch in every case."""
    plan = Training(steps=80, log_every=10, batch_size=streams, seed=seed, dtype=dtype, validation_fraction=0.2)
    return TrainSpec(model=TEXT_MODELS[name], optimizer=OPTIMIZERS[optimizer], training=plan)


@every_model
def test_a_spec_survives_json(name: str) -> None:
    """What `to_dict` writes is JSON that `from_dict` reads back to an equal spec."""
    spec = train_spec(name, "adagrad", "float32", 3)
    assert TrainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@every_model
@every_optimizer
@every_dtype
@one_and_three
def test_a_resumed_run_ends_with_the_same_bits(name: str, optimizer: str, dtype: Dtype, streams: int | None) -> None:
    """Stopped again and again, and through bytes each time, the hidden state included, it ends like one left alone."""
    spec = train_spec(name, optimizer, dtype, streams)
    problem = Problem(spec, TEXT)
    undisturbed = problem.begin()
    expected = run(problem, undisturbed)
    assert undisturbed.step > problem.batches().per_epoch
    points, blob = [], problem.begin().to_bytes()
    for stop in (0, 1, 5, 10, 17, 18, 30, 70, 79, 80, 80):
        problem, state = Problem(TrainSpec.from_dict(spec.to_dict()), TEXT), TrainState.from_bytes(blob)
        points += run(problem, state, until=stop)
        blob = state.to_bytes()
    assert points == expected
    assert blob == undisturbed.to_bytes()


@every_model
@one_and_three
def test_the_seed_decides_the_bits(name: str, streams: int | None) -> None:
    """The same seed gives the same bits, another one others."""
    blobs = []
    for seed in (0, 0, 1):
        problem = Problem(train_spec(name, "adagrad", "float32", streams, seed), TEXT)
        state = problem.begin()
        run(problem, state)
        blobs.append(state.to_bytes())
    assert blobs[0] == blobs[1] != blobs[2]


@every_model
def test_float32_agrees_with_float64(name: str) -> None:
    """A gradient in single precision is that in double precision, up to single precision."""
    model = model_of(name)
    gradients: list[Floats] = []
    for dtype in (np.float32, np.float64):
        program = model.bind(random_theta(model).astype(np.float32).astype(dtype), 3)
        program.load(*window(model, 3))
        program.forward(None)
        program.backward()
        gradients.append(program.gradient)
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=0, atol=1e-5)


@every_model
def test_the_end_of_the_text_is_held_out(name: str) -> None:
    """The last fifth validates, and the points report its loss."""
    problem = Problem(train_spec(name, "adagrad", "float64", None), TEXT)
    cut = len(TEXT) - round(len(TEXT) * 0.2)
    assert np.array_equal(problem.train[1], TEXT.codes[1:cut])
    assert np.array_equal(problem.validation[0], TEXT.codes[cut:-1])
    state = problem.begin()
    points = run(problem, state)
    assert isinstance(problem.model, CharRnn)
    parts, _ = TextEvaluator(problem.model, state.theta, *problem.validation)()
    assert points[-1].metrics["val_loss"] == sum(parts)
    assert points[-1].metrics["val_perplexity"] == pytest.approx(np.exp(parts.data))


@every_model
def test_the_smoothed_loss_follows_its_recurrence(name: str) -> None:
    """It starts at ln V, what a model that knows nothing needs, and takes in a thousandth of each window."""
    plan = Training(steps=40, log_every=1)
    points = run(problem := Problem(TrainSpec(model=TEXT_MODELS[name], training=plan), TEXT), problem.begin())
    smooth = log(len(TEXT.symbols))
    for _, metrics, _ in points:
        assert metrics["smooth_loss"] == pytest.approx(smooth, rel=1e-12)
        smooth = (1 - SMOOTHING) * smooth + SMOOTHING * metrics["data_loss"]


def test_a_run_learns_and_writes_its_text() -> None:
    """A short text that repeats is learned to below 0.1 nats a character, and then written from the first symbol on."""
    text = "abcdefgh" * 30
    spec = TrainSpec(
        model=CharRnnSpec(hidden_size=24, sequence_length=8), optimizer=Adagrad(clip=5.0), training=Training(steps=400)
    )
    problem = Problem(spec, Corpus.of(text))
    state = problem.begin()
    assert run(problem, state)[-1].metrics["loss"] < 0.1
    sample = problem.sample(state)
    assert sample is not None
    assert "bcdefgh" in sample
