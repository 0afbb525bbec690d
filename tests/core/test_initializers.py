"""Initial weights: their spread, their shape and where their randomness comes from."""

from collections.abc import Callable

import numpy as np
import pytest

from core.initializers import INITIALIZERS

VARIANCES: dict[str, Callable[[int, int], float]] = {
    "normal": lambda _in, _out: 0.01**2,
    "xavier": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, _out: 2 / fan_in,
}
every_initializer = pytest.mark.parametrize("name", INITIALIZERS)


@every_initializer
@pytest.mark.parametrize(("fan_in", "fan_out"), [(400, 100), (100, 400)])
def test_weights_have_the_published_variance(name: str, fan_in: int, fan_out: int) -> None:
    """Over 40 000 weights, the mean is 0 and the variance that of the source."""
    W = INITIALIZERS[name](np.random.default_rng(0), fan_in, fan_out)
    assert W.shape == (fan_in, fan_out)
    assert W.dtype == np.float64
    assert W.var() == pytest.approx(VARIANCES[name](fan_in, fan_out), rel=0.03)
    assert abs(W.mean()) < 0.02 * W.std()


@every_initializer
def test_weights_come_from_the_generator(name: str) -> None:
    """The same generator state gives the same bits, and a second draw gives others."""
    rng, same = np.random.default_rng(1), np.random.default_rng(1)
    first, again, second = INITIALIZERS[name](rng, 3, 2), INITIALIZERS[name](same, 3, 2), INITIALIZERS[name](rng, 3, 2)
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, second)
