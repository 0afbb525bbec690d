"""The loss of an untrained model: its mean and its deviation over the draws of the initial weights.

The scores s_i = h_i W of example i are small. W (H, K) is drawn with variance σ², apart from the weights below it, which
make h_i. To second order in the scores, and exactly for the hinge as long as no margin is met, the data loss is

    cross-entropy = ln K + d + mean_i var_k(s_ik) / 2,    hinge = (K - 1)·margin + K·d,
    d = mean_i (mean_k s_ik - s_i,y_i).

With c_ij = σ² E[h_i·h_j],

    E[d] = 0,    Var[d] = Σ_ij c_ij (1[y_i = y_j] - 1/K) / N²,
    E[mean_i var_k(s_ik)] = (1 - 1/K) mean_i c_ii,    Var[mean_i var_k(s_ik) / 2] = (K - 1) / 2K² · Σ_ij c_ij² / N².

Each model has its c. Sources: Neal, "Bayesian Learning for Neural Networks", 1996, chapter 2; Cho and Saul, "Kernel Methods for
Deep Learning", 2009 (relu); Poole et al., "Exponential expressivity in deep neural networks through transient chaos", 2016
(tanh).

Every loss in another unit or off by a tenth lies outside. So do scores three times too large in 19 of 20 draws of the
character RNN's weights, and scores twice too large in 2 of 5: their mean lies outside, but they scatter more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import acos, cos, hypot, log, pi, sin, sqrt, tanh
from statistics import NormalDist

DEVIATIONS = 4
"""How many deviations from its mean a loss may lie. Normal values lie farther in 1 of 16,000 draws, the losses of the
character RNN on five versions of `help()` in 4 of 20,000: they are normal given h only."""
NORMAL = [NormalDist().inv_cdf((i + 0.5) / 1000) for i in range(1000)]

Points = Sequence[Sequence[float]]
Pair = tuple[float, bool, bool]
"""Of examples i and j: c_ij, whether y_i = y_j, whether i = j."""


@dataclass(frozen=True)
class Chance:
    """The loss of scores that are all alike, what small ones add to it on average, and their standard deviation."""

    level: float
    excess: float
    deviation: float

    @property
    def mean(self) -> float:
        """Where the loss lies on average."""
        return self.level + self.excess

    @property
    def margin(self) -> float:
        """How far from the mean the loss may lie."""
        return DEVIATIONS * self.deviation

    def allows(self, loss: float | None) -> bool:
        """Return whether a loss lies no farther than that."""
        return loss is not None and abs(loss - self.mean) <= self.margin


def cross_entropy(k: int, pairs: Iterable[Pair]) -> Chance:
    """Return the chance of the cross-entropy over k classes."""
    of_d, mean, square = _moments(k, pairs)
    return Chance(log(k), (1 - 1 / k) * mean / 2, sqrt(of_d + (k - 1) / (2 * k * k) * square))


def hinge(k: int, pairs: Iterable[Pair], margin: float) -> Chance:
    """Return the chance of the multiclass hinge over k classes."""
    of_d, _, _ = _moments(k, pairs)
    return Chance((k - 1) * margin, 0.0, k * sqrt(of_d))


def linear(X: Points, y: Sequence[object], variance: float) -> Iterator[Pair]:
    """Scores x W: c_ij = σ² x_i·x_j."""
    for (i, (one, label)), (j, (other, its)) in product(enumerate(zip(X, y, strict=True)), repeat=2):
        yield variance * _dot(one, other), label == its, i == j


def rectified(X: Points, y: Sequence[object], hidden: int, variance: float) -> Iterator[Pair]:
    """Scores relu(x W1) W2 from H hidden units, both of variance σ².

    c_ij = H σ⁴ |x_i| |x_j| (sin θ + (π - θ) cos θ) / 2π, with θ the angle between x_i and x_j.
    """
    lengths = [hypot(*x) for x in X]
    for (i, (one, label)), (j, (other, its)) in product(enumerate(zip(X, y, strict=True)), repeat=2):
        both = lengths[i] * lengths[j]
        angle = acos(max(-1.0, min(1.0, _dot(one, other) / both))) if both else 0.0
        bend = (sin(angle) + (pi - angle) * cos(angle)) / (2 * pi)
        yield hidden * variance**2 * both * bend, label == its, i == j


def recurrent(windows: Sequence[str], k: int, hidden: int) -> Iterator[Pair]:
    """Scores h_t Why with h_t = tanh(x_t Wxh + h_{t-1} Whh), h_0 = 0, over B windows of T + 1 symbols: T are read, T predicted.

    Xavier's variances are v = 2 / (K + H) of Wxh and Why, 1/H of Whh. What enters tanh has the variance a_t = v + q_{t-1}, what
    leaves it q_t = E[tanh² (√a_t z)]. Of two symbols, tanh keeps the correlation to 0.3 %, so with q_ij = E[h_i·h_j] / H and
    g_t = √(q_t / a_t), q_ij = g_t g_u (v 1[x_i = x_j] + q_ij of the symbols before both), and c_ij = v H q_ij.
    """
    v, size, gains = 2 / (k + hidden), 0.0, list[float]()
    for _ in windows[0][1:]:
        a = v + size
        size = sum(tanh(sqrt(a) * z) ** 2 for z in NORMAL) / len(NORMAL)
        gains.append(sqrt(size / a))
    for (i, one), (j, other) in product(enumerate(windows), repeat=2):
        before = [0.0] * len(one)
        for t, gain in enumerate(gains):
            row = [gain * g * (v * (one[t] == other[u]) + q) for u, (g, q) in enumerate(zip(gains, before, strict=False))]
            for u, q in enumerate(row):
                yield v * hidden * q, one[t + 1] == other[u + 1], i == j and t == u
            before = [0.0, *row]


def _moments(k: int, pairs: Iterable[Pair]) -> tuple[float, float, float]:
    """Return Var[d], the mean of c_ii over i and that of c_ij² over i and j."""
    of_d, squares, own = 0.0, 0.0, list[float]()
    for c, same_label, same_example in pairs:
        of_d += c * (same_label - 1 / k)
        squares += c * c
        if same_example:
            own.append(c)
    n = len(own)
    return max(of_d, 0.0) / n**2, sum(own) / n, squares / n**2


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
