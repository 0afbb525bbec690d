"""scikit-learn. Only MLPClassifier does the same steps (with no hidden layer it is the softmax classifier).

For the linear models its own choice stands beside it: an lbfgs iteration of LogisticRegression is one pass over the
data with its gradient, as a step of ours; a pass of SGDClassifier(loss="hinge") is K binary SVMs, one-against-all,
updated example by example: scikit-learn has no full-batch multiclass hinge. A call of `fit` checks its input once;
that is spread over all its passes.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier

from bench.task import Task, Weights


class Mlp:
    """MLPClassifier with plain gradient descent; it goes on from its weights at each `fit`."""

    def __init__(self, task: Task) -> None:
        self._task, self._full = task, task.batch_size is None
        batch = task.batch_size or len(task.y)
        hidden = [len(task.start[f"b{i}"]) for i in range(1, len(task.start) // 2)]
        constants = {"solver": "sgd", "momentum": 0, "nesterovs_momentum": False, "tol": 0, "n_iter_no_change": 10**9}
        self._net = MLPClassifier(
            hidden, alpha=task.reg * batch, batch_size=batch, learning_rate_init=task.rate,
            shuffle=not self._full, warm_start=True, max_iter=1, **constants,
        )  # fmt: skip
        self._fit()
        for i, (W, b) in enumerate(zip(self._net.coefs_, self._net.intercepts_, strict=True), start=1):
            W[...], b[...] = task.start[f"W{i}"], task.start[f"b{i}"]

    def steps(self, n: int) -> None:
        """Make n updates, a multiple of those in an epoch."""
        self._net.max_iter = n // self._task.steps_per_epoch
        self._fit()

    def _fit(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._net.fit(self._task.X, self._task.y)

    def weights(self) -> Weights:
        """Return the parameters by name."""
        named = {}
        for i, (W, b) in enumerate(zip(self._net.coefs_, self._net.intercepts_, strict=True), start=1):
            named[f"W{i}"], named[f"b{i}"] = W, b
        return named


class Logistic:
    """LogisticRegression; it converges within a dozen iterations, so it starts anew until there were enough of them."""

    def __init__(self, task: Task) -> None:
        self._X, self._y = task.X, task.y
        self._model = LogisticRegression(C=1 / (task.reg * len(task.y)), tol=0)

    def steps(self, n: int) -> None:
        """Make at least n iterations, and no more than fit into the last start."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            while n > 0:
                self._model.max_iter = min(n, 100)
                n -= int(self._model.fit(self._X, self._y).n_iter_[0])


class HingePasses:
    """SGDClassifier(loss="hinge"): a step is one pass over the examples."""

    def __init__(self, task: Task) -> None:
        self._X, self._y = task.X, task.y
        self._model = SGDClassifier(loss="hinge", alpha=task.reg, tol=None)

    def steps(self, n: int) -> None:
        """Make n passes."""
        self._model.max_iter = n
        self._model.fit(np.asarray(self._X), self._y)
