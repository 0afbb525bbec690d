"""Postgrad's core: the loop that a user gets, `core.train.train`, between two metric points."""

from itertools import islice

from bench.task import CharTask, Task, Weights
from core.evaluate import Evaluator
from core.train import quiet, train


class Ours:
    """A problem in training."""

    def __init__(self, task: Task | CharTask) -> None:
        self._problem = task.problem
        self._state = self._problem.begin()
        self._loop = train(self._problem, self._state)
        with quiet():
            next(self._loop)  # up to the first step; each further turn of the loop makes one update

    def steps(self, n: int) -> None:
        """Make n updates."""
        with quiet():
            for _ in islice(self._loop, n):
                pass

    def weights(self) -> Weights:
        """Return the parameters by name."""
        return self._problem.model.layout.named(self._state.theta)

    def loss(self) -> float:
        """Return the loss over the training part."""
        evaluator = Evaluator(self._problem.model, self._state.theta, *self._problem.train)
        return sum(evaluator()[0])
