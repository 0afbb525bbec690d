"""Labelled examples in memory."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from core.errors import DataError, ShapeError
from core.spec import held_out
from core.types import DType, Floats, Ints

Label = str | int

LARGEST = 1e100  # beyond, the square of a value or a sum of squares would leave the range of float64


@dataclass(frozen=True)
class Dataset:
    """X (N, D) float64, y (N,) int64 with values 0 … K-1, the K class names and the D feature names."""

    X: Floats
    y: Ints
    classes: tuple[Label, ...]
    features: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse examples that cannot be trained on."""
        if self.X.ndim != 2 or self.y.shape != self.X.shape[:1] or self.X.shape[1] != len(self.features):
            raise ShapeError(f"X is {self.X.shape} and y {self.y.shape}, with {len(self.features)} feature names")
        if self.X.size == 0:
            raise DataError(f"there are {self.X.shape[0]} examples of {self.X.shape[1]} features, at least 1 of 1 is needed")
        if len(self.classes) < 2:
            raise DataError(f"there is only the class {self.classes[0]!r}, at least 2 are needed")
        usable = np.abs(self.X) <= LARGEST  # false for NaN as well
        if not usable.all():
            row, column = np.argwhere(~usable)[0]
            value = self.X[row, column]
            allowed = f"a number between -{LARGEST:g} and {LARGEST:g}"
            raise DataError(f"row {row + 1}, column {self.features[column]!r} is {value}, must be {allowed}")

    @classmethod
    def of(cls, X: Floats, labels: list[Label], features: tuple[str, ...] | None = None) -> Self:
        """Give the labels numbers in sorted order and keep their names as classes."""
        classes = tuple(sorted(set(labels), key=lambda label: (isinstance(label, str), label)))
        number = {label: i for i, label in enumerate(classes)}
        y = np.array([number[label] for label in labels], np.int64)
        names = features or tuple(f"x{i + 1}" for i in range(X.shape[1]))
        return cls(np.ascontiguousarray(X, np.float64), y, classes, names)

    def __len__(self) -> int:
        """Return N."""
        return len(self.y)

    def take(self, rows: Ints) -> "Dataset":
        """Return the examples with the given row numbers."""
        return Dataset(self.X[rows], self.y[rows], self.classes, self.features)


@dataclass(frozen=True)
class Normaliser:
    """Shifts and scales each feature: (X - mean (D,)) / scale (D,)."""

    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, X: Floats) -> Self:
        """Take mean and standard deviation of X (N, D); a constant feature keeps the scale 1."""
        deviation = X.std(axis=0)
        # Not `deviation > 0` alone: the mean of 100 times 0.1 is rounded, so their deviation comes out as 2.8e-17.
        varies = (X.max(axis=0) > X.min(axis=0)) & (deviation > 0)
        return cls(X.mean(axis=0), np.where(varies, deviation, 1.0))

    @classmethod
    def identity(cls, n_features: int) -> Self:
        """Return the normaliser that changes nothing."""
        return cls(np.zeros(n_features), np.ones(n_features))

    def __call__(self, X: Floats, dtype: DType) -> Floats:
        """Return the normalised X (N, D), computed in float64 and then rounded to `dtype`."""
        return ((X - self.mean) / self.scale).astype(dtype)


def spread(n: int, most: int) -> Ints:
    """Return up to `most` of the rows 0 … n - 1, evenly spread, in their order: neighbours are often alike."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def train_validation(n: int, fraction: float, seed: int) -> tuple[Ints, Ints]:
    """Draw the rows to train on and those held out, round(n·fraction) of n, at random; both keep the order of the rows."""
    n_validation = held_out(n, fraction)
    rows = np.random.default_rng([seed, 0]).permutation(n)
    return np.sort(rows[n_validation:]), np.sort(rows[:n_validation])


def held_of_each(counts: Ints, fraction: float) -> Ints:
    """Return how many examples of each class a stratified split holds out, given how many there are (K,)."""
    share = counts * fraction
    held: Ints = np.floor(share).astype(np.int64)
    for k in np.argsort(held - share, kind="stable")[: held_out(int(counts.sum()), fraction) - int(held.sum())]:
        held[k] += held[k] + 1 < counts[k]
    return held


def stratified(y: Ints, fraction: float, seed: int) -> tuple[Ints, Ints]:
    """Draw like `train_validation`, the same share of each class of y (N,); what rounding leaves goes to the largest rests.

    Of a class with too few examples none may be held out; at least one of each stays to train on.
    """
    rng = np.random.default_rng([seed, 0])
    counts = np.bincount(y)
    held = held_of_each(counts, fraction)
    chosen = [rng.permutation(np.flatnonzero(y == k))[: held[k]] for k in range(len(counts))]
    validation = np.sort(np.concatenate(chosen))
    return np.setdiff1d(np.arange(len(y)), validation), validation
