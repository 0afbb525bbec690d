"""The nonlinearities, forward and backward."""

from collections.abc import Callable

import numpy as np
import pytest

from core.layers import ACTIVATIONS
from core.types import Floats

DEFINITIONS: dict[str, Callable[[Floats], Floats]] = {"relu": lambda x: np.where(x > 0, x, 0), "tanh": np.tanh}
every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
O = np.array([[-3.0, -0.5, 0.0], [0.25, 1.0, 400.0]])


@every_activation
@every_dtype
def test_forward_follows_the_definition(name: str, dtype: type[np.floating]) -> None:
    """The output is the function of each entry, in the dtype it was bound to, and the input is left alone."""
    before, out = O.astype(dtype), np.empty(O.shape, dtype)
    ACTIVATIONS[name](O.shape, before.dtype).forward(before, out)
    assert np.array_equal(out, DEFINITIONS[name](O.astype(dtype)))
    assert np.array_equal(before, O.astype(dtype))


@every_activation
@every_dtype
def test_backward_is_the_slope(name: str, dtype: type[np.floating]) -> None:
    """The gradient is multiplied by the slope of the function, which differences confirm away from the kink."""
    at, h = O[O != 0][None].astype(dtype), 1e-6
    f = ACTIVATIONS[name](at.shape, at.dtype)
    H, dH = np.empty_like(at), np.full_like(at, 3)
    f.forward(at, H)
    f.backward_(dH, H)
    at64 = at.astype(np.float64)
    slope = (DEFINITIONS[name](at64 + h) - DEFINITIONS[name](at64 - h)) / (2 * h)
    np.testing.assert_allclose(dH, 3 * slope, rtol=1e-5, atol=1e-9)


def test_relu_is_off_at_zero() -> None:
    """At the kink the slope is 0, as in the course: dhidden[hidden <= 0] = 0."""
    zero, dH = np.zeros((1, 1)), np.ones((1, 1))
    ACTIVATIONS["relu"]((1, 1), zero.dtype).backward_(dH, zero)
    assert dH.item() == 0


@every_activation
def test_not_a_number_stays_one(name: str) -> None:
    """A number that is lost on the way is not hidden, so that divergence is seen."""
    bad, out = np.full((1, 1), np.nan), np.zeros((1, 1))
    ACTIVATIONS[name]((1, 1), bad.dtype).forward(bad, out)
    assert np.isnan(out).all()
