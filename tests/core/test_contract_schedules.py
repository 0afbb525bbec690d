"""What every schedule must do, run over all kinds of ScheduleSpec; a kind without a case in cases.py fails here."""

import json
from dataclasses import replace

import pytest

from core.problem import Problem
from core.schedules import make
from core.spec import Constant, Cosine, ScheduleSpec, Softmax, StepDecay, Training, TrainSpec
from core.state import TrainState
from tests.core.cases import BLOBS, OPTIMIZERS, SCHEDULES, kinds, run

every_schedule = pytest.mark.parametrize("name", SCHEDULES)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)
STEPS = 23


def spec_of(name: str, optimizer: str) -> TrainSpec:
    """Return a run with a schedule, points at each step."""
    plan = Training(steps=STEPS, log_every=1, batch_size=7, dtype="float64")
    return TrainSpec(model=Softmax(), optimizer=replace(OPTIMIZERS[optimizer], schedule=SCHEDULES[name]), training=plan)


def test_every_kind_has_a_case() -> None:
    """Whoever adds a schedule adds its case, and with it all tests below."""
    assert {spec.kind for spec in SCHEDULES.values()} == kinds(ScheduleSpec)


@every_schedule
def test_a_factor_is_above_zero_and_at_most_one(name: str) -> None:
    """No update stands still, and none is larger than the learning rate says."""
    schedule = make(SCHEDULES[name], STEPS)
    assert all(0 < schedule(step) <= 1 for step in range(STEPS))


@every_schedule
def test_a_warm_up_grows_linearly(name: str) -> None:
    """In the first n steps the factor is 1/n, 2/n, … of what it would be without."""
    spec = SCHEDULES[name]
    with_it, without = make(spec, STEPS), make(replace(spec, warmup_steps=0), STEPS)
    n = spec.warmup_steps
    for step in range(STEPS):
        share = min(1, (step + 1) / n) if n else 1
        assert with_it(step) == pytest.approx(share * without(step), rel=1e-14)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (None, [1, 1, 1, 1, 1]),
        (Constant(warmup_steps=4), [0.25, 0.5, 0.75, 1, 1]),
        (StepDecay(every=2, factor=0.5), [1, 1, 0.5, 0.5, 0.25]),
        (Cosine(), [1, 0.8535533905932737, 0.5, 0.14644660940672627, 0]),  # ½(1 + cos πk/4); ½(1 + √½)
        (Cosine(final=0.2), [1, 0.882842712474619, 0.6, 0.317157287525381, 0.2]),
    ],
)
def test_values_are_those_by_hand(spec: ScheduleSpec | None, expected: list[float]) -> None:
    """A run of four steps: a factor for each, and the one at which it ends."""
    assert [make(spec, 4)(step) for step in range(5)] == pytest.approx(expected, rel=1e-12, abs=1e-15)


@every_schedule
@every_optimizer
def test_a_spec_survives_json(name: str, optimizer: str) -> None:
    """What `to_dict` writes is JSON that `from_dict` reads back to an equal spec."""
    spec = spec_of(name, optimizer)
    assert TrainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@every_schedule
@every_optimizer
def test_a_resumed_run_ends_with_the_same_bits(name: str, optimizer: str) -> None:
    """The rate depends on the step alone; the series learning_rate shows it."""
    problem = Problem(spec_of(name, optimizer), BLOBS)
    undisturbed, state = problem.begin(), problem.begin()
    expected = run(problem, undisturbed)
    points = []
    for stop in (3, 4, 11, 22, 23):
        points += run(problem, state, until=stop)
        state = TrainState.from_bytes(state.to_bytes())
    assert points == expected
    assert state.to_bytes() == undisturbed.to_bytes()
    schedule, rate = make(SCHEDULES[name], STEPS), OPTIMIZERS[optimizer].learning_rate
    assert [point.metrics["learning_rate"] for point in points] == [rate * schedule(step) for step in range(STEPS + 1)]
