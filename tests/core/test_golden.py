"""The loss of one run for each kind of model, kept as text: a change of the arithmetic shows as a change of a file."""

import os
from pathlib import Path

import pytest

from core.problem import Problem
from core.spec import ModelSpec, Training, TrainSpec, default_optimizer
from tests.core.cases import BLOBS, MODELS, TEXT, TEXT_MODELS, run

GOLDEN = Path(__file__).parent / "golden"
KINDS: dict[str, ModelSpec] = {
    spec.kind: spec for spec in reversed((MODELS | TEXT_MODELS).values())
}  # the first case of each kind


def curve(kind: str) -> dict[int, float]:
    """Return the loss by step of a run in float64."""
    spec = KINDS[kind]
    plan = Training(steps=50, log_every=10, dtype="float64")
    problem = Problem(
        TrainSpec(model=spec, optimizer=default_optimizer(spec), training=plan), TEXT if kind == "char_rnn" else BLOBS
    )
    return {point.step: point.metrics["loss"] for point in run(problem, problem.begin())}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_has_its_kept_curve(kind: str) -> None:
    """Lines `step loss`; after a change that is meant, POSTGRAD_GOLDEN=write pytest tests/core/test_golden.py.

    The tolerance is the ten digits kept: five kernels of OpenBLAS, each with three sets of NumPy's paths, differ by 1e-14.
    """
    path, found = GOLDEN / f"{kind}.txt", curve(kind)
    if os.environ.get("POSTGRAD_GOLDEN") == "write":
        path.write_text("".join(f"{step} {loss:.10g}\n" for step, loss in found.items()))
    lines = [line.split() for line in path.read_text().splitlines()]
    assert found == pytest.approx({int(step): float(loss) for step, loss in lines}, rel=1e-9)
