"""The course's scripts: plain NumPy in float64, full batch, the loss computed at every step as there.

Source: Stanford CS231n, Neural Networks case study and assignment 1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # as a script it loads NumPy and nothing else
    from bench.task import Task, Weights
    from core.types import Floats, Ints


class Textbook:
    """The script that fits the kind of model."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._X = task.X.astype(np.float64)
        self._w = {name: values.astype(np.float64) for name, values in task.start.items()}

    def steps(self, n: int) -> None:
        """Run the script's loop n times."""
        train(self._task.kind, self._X, self._task.y, self._w, n, self._task.reg, self._task.rate)

    def weights(self) -> Weights:
        """Return the parameters by name."""
        return self._w


def softmax_loss(scores: Floats, y: Ints) -> tuple[float, Floats]:
    """Cross-entropy and its gradient."""
    num_examples = scores.shape[0]
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    correct_logprobs = -np.log(probs[range(num_examples), y])
    data_loss = np.sum(correct_logprobs) / num_examples
    dscores = probs
    dscores[range(num_examples), y] -= 1
    dscores /= num_examples
    return data_loss, dscores


def svm_loss(scores: Floats, y: Ints) -> tuple[float, Floats]:
    """Multiclass hinge loss and its gradient."""
    num_examples = scores.shape[0]
    correct = scores[range(num_examples), y][:, np.newaxis]
    margins = np.maximum(0, scores - correct + 1.0)
    margins[range(num_examples), y] = 0
    data_loss = np.sum(margins) / num_examples
    dscores = (margins > 0).astype(scores.dtype)
    dscores[range(num_examples), y] = -np.sum(dscores, axis=1)
    dscores /= num_examples
    return data_loss, dscores


def linear(X: Floats, y: Ints, w: Weights, n: int, loss_of, reg: float, step_size: float) -> float:
    """Train a linear classifier."""
    W, b = w["W1"], w["b1"]
    loss = 0.0
    for _ in range(n):
        scores = np.dot(X, W) + b
        data_loss, dscores = loss_of(scores, y)
        loss = data_loss + 0.5 * reg * np.sum(W * W)
        dW = np.dot(X.T, dscores)
        db = np.sum(dscores, axis=0)
        dW += reg * W
        W += -step_size * dW
        b += -step_size * db
    return loss


def two_layer_net(X: Floats, y: Ints, w: Weights, n: int, loss_of, reg: float, step_size: float) -> float:
    """Train a network with one hidden layer."""
    W, b, W2, b2 = w["W1"], w["b1"], w["W2"], w["b2"]
    loss = 0.0
    for _ in range(n):
        hidden_layer = np.maximum(0, np.dot(X, W) + b)
        scores = np.dot(hidden_layer, W2) + b2
        data_loss, dscores = loss_of(scores, y)
        loss = data_loss + 0.5 * reg * np.sum(W * W) + 0.5 * reg * np.sum(W2 * W2)
        dW2 = np.dot(hidden_layer.T, dscores)
        db2 = np.sum(dscores, axis=0)
        dhidden = np.dot(dscores, W2.T)
        dhidden[hidden_layer <= 0] = 0
        dW = np.dot(X.T, dhidden)
        db = np.sum(dhidden, axis=0)
        dW2 += reg * W2
        dW += reg * W
        W += -step_size * dW
        b += -step_size * db
        W2 += -step_size * dW2
        b2 += -step_size * db2
    return loss


def train(kind: str, X: Floats, y: Ints, w: Weights, n: int, reg: float, step_size: float) -> None:
    """Run the script that fits the kind of model."""
    script, loss_of = two_layer_net if kind == "mlp" else linear, svm_loss if kind == "svm" else softmax_loss
    script(X, y, w, n, loss_of, reg, step_size)


def main(path: str) -> None:
    """Train as many steps as each line of the input says, and print the seconds they took (bench/timing.py says which)."""
    with np.load(path) as stored:
        given = dict(stored)
    Path(path).unlink()
    kind, reg, rate = str(given["kind"]), float(given["reg"]), float(given["rate"])
    w = {name: values for name, values in given.items() if name[0] in "Wb"}
    for line in sys.stdin:
        wall, processor = perf_counter(), process_time()
        train(kind, given["X"], given["y"], w, int(line), reg, rate)
        print(min(perf_counter() - wall, process_time() - processor), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
