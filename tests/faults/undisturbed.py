"""What a run must end with: the same spec trained by the bare core, in this process, with nobody interfering."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.data import synthetic
from core.fields import choose, read
from core.problem import Problem
from core.spec import Blobs, Circles, Moons, Spiral, TrainSpec, Xor
from core.train import quiet, train


@dataclass(frozen=True)
class Undisturbed:
    """The digest of the final weights, the steps of the points and their losses."""

    weights_digest: str
    steps: list[int]
    loss: list[float]


def undisturbed(body: dict[str, Any]) -> Undisturbed:
    """Train the body of a POST /v1/runs, once in a session of tests."""
    return _train(json.dumps(body))


@cache
def _train(text: str) -> Undisturbed:
    body = json.loads(text)
    spec = choose([Spiral, Moons, Circles, Blobs, Xor], body["dataset"], ())
    data = synthetic.make(read(spec, body["dataset"]))
    problem = Problem(TrainSpec.from_dict({part: body[part] for part in ("model", "optimizer", "training")}), data)
    state = problem.begin()
    with quiet():
        points = [point for point in train(problem, state) if point]
    return Undisturbed(state.weights_digest, [p.step for p in points], [p.metrics["loss"] for p in points])


FOUR_RUNS: list[dict[str, Any]] = [
    {
        "dataset": {"kind": "spiral"},
        "model": {"kind": "mlp", "hidden_sizes": [100]},
        "optimizer": {"kind": "sgd", "learning_rate": 1.0},
        "training": {"steps": 40_000, "log_every": 50},
    },
    {
        "dataset": {"kind": "spiral", "seed": 1},
        "model": {"kind": "mlp", "hidden_sizes": [50, 20], "activation": "tanh", "init": "xavier"},
        "optimizer": {"kind": "adam", "learning_rate": 0.002},
        "training": {"steps": 20_000, "batch_size": 32, "validation_fraction": 0.2, "seed": 3},
    },
    {
        "dataset": {"kind": "moons", "noise": 0.2},
        "model": {"kind": "svm"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
        "training": {"steps": 60_000, "batch_size": 17, "standardize": True, "log_every": 100},
    },
    {
        "dataset": {"kind": "blobs", "classes": 4, "features": 3, "noise": 2.0},
        "model": {"kind": "softmax"},
        "optimizer": {"kind": "rmsprop", "learning_rate": 0.001},
        "training": {"steps": 80_000, "dtype": "float64", "log_every": 100},
    },
]
"""Four different ways through the core, each some seconds long."""
