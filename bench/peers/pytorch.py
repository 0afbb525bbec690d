"""PyTorch eager: modules, autograd and `torch.optim.SGD`, one thread. Batches are gathered by index, without a DataLoader."""

from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.task import Task, Weights

torch.set_num_threads(1)


class PyTorch:
    """A network in training."""

    def __init__(self, task: Task) -> None:
        self._X, self._y = torch.from_numpy(task.X), torch.from_numpy(task.y)
        self._full = task.batch_size is None
        self._batches = task.batches()
        self._linears = [_linear(task.start[f"W{i}"], task.start[f"b{i}"]) for i in range(1, len(task.start) // 2 + 1)]
        hidden = [layer for linear in self._linears[:-1] for layer in (linear, nn.ReLU())]
        self._net = nn.Sequential(*hidden, self._linears[-1])
        self._criterion = _hinge if task.kind == "svm" else nn.CrossEntropyLoss()
        weights, biases = [layer.weight for layer in self._linears], [layer.bias for layer in self._linears]
        groups = [{"params": weights, "weight_decay": task.reg}, {"params": biases}]
        self._optimizer = torch.optim.SGD(groups, lr=task.rate)

    def steps(self, n: int) -> None:
        """Make n updates."""
        if self._full:
            for _ in range(n):
                self._step(self._X, self._y)
            return
        for rows in islice(self._batches, n):
            chosen = torch.from_numpy(rows)
            self._step(self._X[chosen], self._y[chosen])

    def _step(self, X: Tensor, y: Tensor) -> None:
        self._optimizer.zero_grad()
        loss = self._criterion(self._net(X), y)
        loss.backward()
        self._optimizer.step()

    def weights(self) -> Weights:
        """Return the parameters by name."""
        named = {}
        for i, layer in enumerate(self._linears, start=1):
            named[f"W{i}"], named[f"b{i}"] = layer.weight.detach().numpy().T, layer.bias.detach().numpy()
        return named


def _hinge(scores: Tensor, y: Tensor) -> Tensor:
    """PyTorch divides Weston and Watkins' loss by K: undo that."""
    return F.multi_margin_loss(scores, y) * scores.shape[1]


def _linear(W, b) -> nn.Linear:
    layer = nn.Linear(*W.shape, dtype=torch.from_numpy(b).dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(W.T))
        layer.bias.copy_(torch.from_numpy(b))
    return layer
