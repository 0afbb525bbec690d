"""scikit-learn's digits; apart from the other data, so that only those who need it load scikit-learn."""

from sklearn.datasets import load_digits

from bench.task import Task, task
from core.data.dataset import Dataset
from core.spec import Mlp


def data() -> Dataset:
    """Return 1797×64, pixels from 0 to 1."""
    X, y = load_digits(return_X_y=True)
    return Dataset.of(X / 16, y.tolist())


def net() -> Task:
    """Make a net with 100 hidden units, in batches of 128."""
    return task(Mlp(), data(), batch_size=128, rate=0.1)
