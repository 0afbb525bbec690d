"""The memory that a run is estimated at, against what the process that trains it takes."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live import ROOT

ADAM, SGD = {"kind": "adam"}, {"kind": "sgd", "learning_rate": 0.001}
NET = {"kind": "mlp", "hidden_sizes": [2000, 1500], "init": "he"}
OFTEN = {"steps": 3, "batch_size": 10, "log_every": 1, "checkpoint_every": 1}
LETTERS = random.Random(0).choices([chr(code) for code in range(32, 112)], k=300_000)
PLANS: dict[str, dict[str, Any]] = {
    "many parameters": {"dataset": {"kind": "spiral"}, "model": NET, "optimizer": ADAM, "training": OFTEN},
    "many parameters without slots": {"dataset": {"kind": "spiral"}, "model": NET, "optimizer": SGD, "training": OFTEN},
    "the best weights": {
        "dataset": {"kind": "spiral"},
        "model": NET,
        "optimizer": ADAM,
        "training": {**OFTEN, "validation_fraction": 0.2, "early_stopping": {"patience": 5}},
    },
    "text": {
        "dataset": {"kind": "text", "text": "".join(LETTERS)},
        "model": {"kind": "char_rnn", "hidden_size": 1200},
        "optimizer": ADAM,
        "training": {"steps": 2, "validation_fraction": 0.02, "log_every": 1},
    },
    "many examples": {
        "dataset": {"kind": "blobs", "points_per_class": 12_000, "classes": 5, "features": 100},
        "model": {"kind": "softmax"},
        "optimizer": SGD,
        "training": {"steps": 2},
    },
}
SLACK_BYTES = 20 << 20
"""What Python, NumPy and SQLite take and return as they like."""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of a process is told by Linux alone")
@pytest.mark.parametrize("name", PLANS)
def test_the_estimate_is_enough(tmp_path: Path, name: str) -> None:
    """The process takes no more, and not much less: a limit on estimates is one on memory."""
    command = [sys.executable, "-m", "tests.service.runs.peak", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, input=json.dumps(PLANS[name]), capture_output=True, text=True, check=True)
    told = json.loads(ran.stdout)
    assert told["status"] == "succeeded"
    assert told["peak"] > 100 << 20
    assert told["peak"] <= told["estimate"] + SLACK_BYTES, told
    assert told["estimate"] <= 1.6 * told["peak"], told
