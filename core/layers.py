"""The nonlinearities, bound to a shape (H, N): features-major, one row for each unit."""

from typing import Protocol

import numpy as np

from core.noise import Noise
from core.types import DType, Floats


class Activation(Protocol):
    """An elementwise nonlinearity with its work buffers."""

    def forward(self, O: Floats, out: Floats) -> None:
        """Write f(O) to `out`, both (H, N); they may be the same array."""

    def backward_(self, dH: Floats, H: Floats) -> None:
        """Multiply dH by f'(O) in place, given H = f(O)."""


class Relu:
    """max(0, O); its derivative is 1 where H > 0."""

    def __init__(self, shape: tuple[int, int], dtype: DType) -> None:
        # An array of zeros, not the scalar 0: 3.6 against 11.9 µs for 100x300 float32.
        self._zeros = np.zeros(shape, dtype)
        self._active = np.empty(shape, np.bool_)
        self._factor = np.empty(shape, dtype)

    def forward(self, O: Floats, out: Floats) -> None:
        """Write max(0, O) to `out`."""
        np.maximum(O, self._zeros, out=out)

    def backward_(self, dH: Floats, H: Floats) -> None:
        """Zero dH where the unit is off."""
        # Compare to bool, widen, multiply: 9 µs; `dH[H <= 0] = 0` takes 45 µs, np.where 31 µs.
        np.greater(H, self._zeros, self._active)
        np.copyto(self._factor, self._active)
        np.multiply(dH, self._factor, dH)


class Tanh:
    """tanh(O); its derivative is 1 - H²."""

    def __init__(self, shape: tuple[int, int], dtype: DType) -> None:
        self._factor = np.empty(shape, dtype)

    def forward(self, O: Floats, out: Floats) -> None:
        """Write tanh(O) to `out`."""
        np.tanh(O, out=out)

    def backward_(self, dH: Floats, H: Floats) -> None:
        """Multiply dH by 1 - H²."""
        np.multiply(H, H, out=self._factor)
        np.subtract(1, self._factor, out=self._factor)
        np.multiply(dH, self._factor, out=dH)


class Dropout:
    """Inverted dropout: a unit is off with probability p, else it counts 1 / (1 - p), so that the expected sum stays.

    Source: Srivastava et al., Dropout, 2014; CS231n, Neural Networks Part 2.
    """

    def __init__(self, shape: tuple[int, int], dtype: DType, p: float) -> None:
        self._p, self._scale = p, 1 / (1 - p)
        self._uniform, self._mask = np.empty(shape, dtype), np.empty(shape, dtype)

    def forward(self, H: Floats, noise: Noise, out: Floats) -> None:
        """Draw a mask and write H times it to `out`, both (H, N)."""
        noise.rng.random(out=self._uniform, dtype=self._uniform.dtype)
        np.greater_equal(self._uniform, self._p, out=self._mask, casting="unsafe")
        np.multiply(self._mask, self._scale, out=self._mask)
        np.multiply(H, self._mask, out=out)

    def backward_(self, dH: Floats) -> None:
        """Multiply dH by the mask that was drawn last."""
        np.multiply(dH, self._mask, out=dH)


ACTIVATIONS: dict[str, type[Relu] | type[Tanh]] = {"relu": Relu, "tanh": Tanh}
