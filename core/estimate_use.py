"""The cost of using a trained model, before it is used."""

from core.estimate import FLOATS_A_SECOND
from core.types import Floats

# Measured on one core of a 2.6 GHz Zen 4, right within a factor of about three. A row among many takes 13 ns through a softmax
# classifier of two features, 70 ns through a hidden layer of 100 units. A symbol written alone takes 11 µs with H = 100, and
# 2.6 ms with H = 4,096: then all parameters are read from memory.
SECONDS_A_ROW = 5e-8
SECONDS_A_SYMBOL = 1.2e-5
BYTES_A_SECOND = 2.5e10


def scoring_seconds(theta: Floats, rows: int) -> float:
    """Estimate the scores of so many rows with parameters (P,), or of symbols that are read in streams side by side."""
    rate = FLOATS_A_SECOND * (1 if theta.itemsize == 4 else 0.5)
    return rows * (2 * theta.size / rate + SECONDS_A_ROW)


def writing_seconds(theta: Floats, symbols: int) -> float:
    """Estimate so many symbols, read or written one after the other, of a model with parameters (P,)."""
    return symbols * (theta.nbytes / BYTES_A_SECOND + SECONDS_A_SYMBOL)
