"""Do they all compute the same? Before anything is timed, every peer makes 100 steps in float64 from our weights.

The loss of its weights, by the course's formula, must agree with ours, by our own code, to 1e-5.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench import digits
from bench.peers import sklearn_peer as sklearn
from bench.peers.jax_jit import JaxJit
from bench.peers.ours import Ours
from bench.peers.pytorch import PyTorch
from bench.peers.textbook import Textbook, softmax_loss, svm_loss
from bench.rows import JAX, SKLEARN, TEXTBOOK, TORCH
from bench.task import Task, Weights, task
from core.data.dataset import Dataset
from core.data.synthetic import make
from core.spec import Mlp, Softmax, Spiral, Svm

STEPS, TOLERANCE = 100, 1e-5
PEERS = {TEXTBOOK: Textbook, TORCH: PyTorch, JAX: JaxJit, SKLEARN: sklearn.Mlp}
MODELS = {"two-layer net": Mlp(), "softmax": Softmax(), "svm": Svm()}


@dataclass(frozen=True)
class Comparison:
    """The loss of ours and how far each peer is from it."""

    model: str
    data: str
    loss: float
    differences: dict[str, float]

    @property
    def agrees(self) -> bool:
        """Whether all are near enough; NaN is not."""
        return all(difference <= TOLERANCE for difference in self.differences.values())


def compare() -> list[Comparison]:
    """Compare on three datasets: the spiral as it is, irises standardized, digits from 0 to 1."""
    iris = standardized(read_iris(Path(__file__).parent.parent / "examples" / "iris.csv"))
    datasets = {"spiral": (make(Spiral()), 1.0), "iris": (iris, 0.1), "digits": (digits.data(), 0.1)}
    found = []
    for model, spec in MODELS.items():
        for name, (data, rate) in datasets.items():
            work = task(spec, data, "float64", rate=rate)
            ours = Ours(work)
            ours.steps(STEPS)
            expected = ours.loss()
            peers = {peer: made for peer, made in PEERS.items() if model != "svm" or peer != SKLEARN}
            found.append(
                Comparison(model, name, expected, {peer: _distance(made, work, expected) for peer, made in peers.items()})
            )
    return found


def _distance(made: type, work: Task, expected: float) -> float:
    peer = made(work)
    peer.steps(STEPS)
    return abs(loss_of(work, peer.weights()) - expected)


def loss_of(work: Task, w: Weights) -> float:
    """Return the loss of the parameters by the course's formula."""
    A, last = work.X, len(w) // 2
    for i in range(1, last):
        A = np.maximum(0, A @ w[f"W{i}"] + w[f"b{i}"])
    loss = svm_loss if work.kind == "svm" else softmax_loss
    decay = sum(float(np.sum(w[f"W{i}"] ** 2)) for i in range(1, last + 1))
    return float(loss(A @ w[f"W{last}"] + w[f"b{last}"], work.y)[0]) + 0.5 * work.reg * decay


def read_iris(path: Path) -> Dataset:
    """Read the example file."""
    table = np.genfromtxt(path, delimiter=",", skip_header=1, dtype=str)
    return Dataset.of(table[:, :-1].astype(float), table[:, -1].tolist())


def standardized(data: Dataset) -> Dataset:
    """Return the features with mean 0 and deviation 1."""
    return replace(data, X=(data.X - data.X.mean(axis=0)) / data.X.std(axis=0))
