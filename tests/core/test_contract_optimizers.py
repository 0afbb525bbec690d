"""What every optimizer must do, run over all kinds of OptimizerSpec; a kind without a case in cases.py fails here."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from core.optimizers import make
from core.problem import Problem
from core.spec import Adagrad, Adam, OptimizerSpec, Rmsprop, Sgd, Softmax, Training, TrainSpec
from core.types import Floats
from tests.core.cases import BLOBS, OPTIMIZERS, kinds, run

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)
Gradient = Callable[[Floats], Floats]

# Learning rates for the parabola and for Rosenbrock's valley, as one would choose them by hand.
RATES: dict[str, tuple[float, float]] = {
    "sgd": (0.1, 1e-3),
    "sgd with momentum": (0.01, 1e-4),
    "sgd with nesterov": (0.01, 1e-4),
    "adagrad": (0.5, 0.2),
    "rmsprop": (0.01, 1e-3),
    "adam": (0.1, 0.01),
}


def textbook(spec: OptimizerSpec, x: Floats, gradients: Floats) -> Iterator[Floats]:
    """Follow the published formula, one gradient after the other; names and lines as in CS231n, Neural Networks Part 3."""
    rate, eps = spec.learning_rate, 1e-8
    v, cache, m = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for t, dx in enumerate(gradients, start=1):
        match spec:
            case Sgd(nesterov=True, momentum=mu):
                v_prev = v
                v = mu * v - rate * dx
                x = x + (-mu * v_prev + (1 + mu) * v)
            case Sgd(momentum=mu):
                v = mu * v - rate * dx
                x = x + v
            case Adagrad():
                cache = cache + dx**2
                x = x - rate * dx / (np.sqrt(cache) + eps)
            case Rmsprop(decay=decay):
                cache = decay * cache + (1 - decay) * dx**2
                x = x - rate * dx / (np.sqrt(cache) + eps)
            case Adam(beta1=beta1, beta2=beta2):  # Kingma and Ba 2015, Algorithm 1
                m = beta1 * m + (1 - beta1) * dx
                v = beta2 * v + (1 - beta2) * dx**2
                mt, vt = m / (1 - beta1**t), v / (1 - beta2**t)
                x = x - rate * mt / (np.sqrt(vt) + eps)
        yield x


def steps(spec: OptimizerSpec, theta: Floats, gradient: Gradient, n: int) -> Iterator[Floats]:
    """Make n updates of theta, in place, and yield it after each."""
    optimizer = make(spec)
    slots, work = np.zeros((optimizer.slots, theta.size), theta.dtype), np.full_like(theta, np.nan)
    for step in range(1, n + 1):
        optimizer.update_(theta, gradient(theta).astype(theta.dtype), slots, work, spec.learning_rate, step)
        yield theta


def minimum(spec: OptimizerSpec, theta: Floats, gradient: Gradient, n: int) -> Floats:
    """Return where n updates lead."""
    for _ in steps(spec, theta, gradient, n):
        pass
    return theta


def test_every_kind_has_a_case() -> None:
    """Whoever adds an optimizer adds its case, and with it all tests below."""
    assert {spec.kind for spec in OPTIMIZERS.values()} == kinds(OptimizerSpec)
    assert RATES.keys() == OPTIMIZERS.keys()


@every_optimizer
def test_a_spec_survives_json(name: str) -> None:
    """What `to_dict` writes is JSON that `from_dict` reads back to an equal spec."""
    spec = TrainSpec(model=Softmax(), optimizer=OPTIMIZERS[name])
    assert TrainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@every_optimizer
@pytest.mark.parametrize("scale", [1e3, 1.0, 1e-8])
def test_updates_follow_the_textbook(name: str, scale: float) -> None:
    """Twenty updates are those of the published formula; gradients of 1e-8 show where ε stands in it."""
    spec = OPTIMIZERS[name]
    gradients = scale * np.random.default_rng(0).standard_normal((20, 4))
    start, queue = np.zeros(4), iter(gradients)  # from 0, so that small steps keep all their digits
    ours = steps(spec, start.copy(), lambda _: next(queue), 20)
    for theta, expected in zip(ours, textbook(spec, start, gradients), strict=True):
        np.testing.assert_allclose(theta, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


@every_optimizer
def test_the_loop_counts_the_updates(name: str) -> None:
    """In training, the first update is number 1, the next number 2: the weights are those of updates made by hand."""
    spec = TrainSpec(model=Softmax(), optimizer=OPTIMIZERS[name], training=Training(steps=7, dtype="float64"))
    problem = Problem(spec, BLOBS)
    state, theta = problem.begin(), problem.begin().theta
    run(problem, state)
    program = problem.model.bind(theta, len(BLOBS))
    program.load(*problem.train)

    def gradient(_: Floats) -> Floats:
        program.forward(None)
        program.backward()
        return program.gradient

    np.testing.assert_allclose(state.theta, minimum(spec.optimizer, theta, gradient, 7), rtol=1e-12)


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_parabola_is_descended(name: str, dtype: type[np.floating]) -> None:
    """From (3, -2), the minimum of x² + 5y² is found to 1 %, in the dtype of the parameters."""
    spec = replace(OPTIMIZERS[name], learning_rate=RATES[name][0])
    end = minimum(spec, np.array([3, -2], dtype), lambda x: x * np.array([2, 10]), 1000)
    assert end.dtype == dtype
    assert np.abs(end).max() < 0.01


@every_optimizer
def test_the_valley_of_rosenbrock_is_descended(name: str) -> None:
    """From the classical start (-1.2, 1), where (1 - x)² + 100(y - x²)² is 24.2, the way leads round the bend to below 0.1."""
    spec = replace(OPTIMIZERS[name], learning_rate=RATES[name][1])
    x, y = minimum(spec, np.array([-1.2, 1.0]), rosenbrock_gradient, 5000)
    assert (1 - x) ** 2 + 100 * (y - x**2) ** 2 < 0.1


def rosenbrock_gradient(point: Floats) -> Floats:
    """Return the gradient of (1 - x)² + 100(y - x²)²."""
    x, y = point
    return np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])


@every_optimizer
def test_the_first_step_goes_downhill(name: str) -> None:
    """Each coordinate moves against the sign of its gradient, and one without a gradient stays."""
    (end,) = steps(OPTIMIZERS[name], np.zeros(3), lambda _: np.array([2.0, -3.0, 0.0]), 1)
    assert np.sign(end).tolist() == [-1, 1, 0]


@every_optimizer
def test_the_memory_is_all_there_is(name: str) -> None:
    """An update depends on theta, gradient, slots and step alone: scratch space and the object may be new each time."""
    spec = OPTIMIZERS[name]
    expected = minimum(spec, np.ones(2), np.sin, 6)
    theta, slots = np.ones(2), np.zeros((make(spec).slots, 2))
    for step in range(1, 7):
        slots = slots.copy()
        make(spec).update_(theta, np.sin(theta), slots, np.full(2, np.nan), spec.learning_rate, step)
    assert np.array_equal(theta, expected)
