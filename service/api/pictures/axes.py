"""Axes: where a value stands, and round numbers to write beside them."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.types import Floats

LARGEST = 1e300  # no axis goes much further, so that no difference of two values leaves the floats
SMALLEST = 1e-290  # a range below this is none


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, drawn from `start` to `end` in pixels, on a logarithmic scale if asked for."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    @classmethod
    def over(cls, values: Floats, start: float, end: float, *, logarithmic: bool = False, room: float = 0.05) -> Self:
        """Return the axis for the finite ones of some values, with `room` beside them as a share of their range.

        A logarithmic one shows the positive values only; if there are none, it is a linear one.
        """
        shown = np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)
        if logarithmic and (shown > 0).any():
            powers = np.log10(np.clip(shown[shown > 0], 1 / LARGEST, LARGEST))
            low, high = float(powers.min()), float(powers.max())
            pad = (high - low) * room or 0.5
            return cls(10 ** max(low - pad, -306), 10 ** min(high + pad, 306), start, end, logarithmic=True)
        low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
        magnitude = max(abs(low), abs(high))
        if high - low <= max(magnitude * 1e-12, SMALLEST):  # all the same, but for rounding
            pad = magnitude / 4 if magnitude > SMALLEST else 0.5
        else:
            pad = (high - low) * room
        return cls(low - pad, high + pad, start, end)

    def __call__(self, values: Floats) -> Floats:
        """Return where values stand, in pixels: at the edge if they are beyond it, NaN if they cannot be shown."""
        shown = np.isfinite(values) & ((values > 0) | (not self.logarithmic))
        usable, low, high = np.where(shown, np.clip(values, self.low, self.high), np.nan), self.low, self.high
        if self.logarithmic:
            usable, low, high = np.log10(usable), math.log10(low), math.log10(high)
        placed: Floats = self.start + (usable - low) / (high - low) * (self.end - self.start)
        return placed

    def ticks(self, about: int = 5) -> list[tuple[float, str]]:
        """Return round values on the axis and how they are written."""
        if self.logarithmic and (decades := self._decades(about)):
            return [(value, _written(value)) for value in decades]
        step = _round_step((self.high - self.low) / about)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        values = [i * step for i in range(first, min(last, first + 4 * about) + 1)]
        return [(value, _plain(value, step, max(map(abs, values)))) for value in values]

    def marks(self, about: int = 5) -> list[tuple[float, str]]:
        """Return where the ticks stand, in pixels, and how they are written."""
        return [(float(self(np.array([value]))[0]), label) for value, label in self.ticks(about)]

    def _decades(self, about: int) -> list[float]:
        """Return powers of ten, or those with their double and fivefold between; none if they are too few."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        every = max(1, -(-(last - first) // (about + 1)))
        for factors in ((1,), (1, 2, 5)):
            values = [float(f"{f}e{k}") for k in range(first, last + 1) if k % every == 0 for f in factors]
            shown = [value for value in values if self.low <= value <= self.high]
            if len(shown) >= 3:
                return shown
        return []


def _round_step(rough: float) -> float:
    """Return about that, as 1, 2 or 5 times a power of ten (Heckbert, Nice Numbers for Graph Labels, Graphics Gems 1990)."""
    power = math.floor(math.log10(rough))
    return next(step for step in (float(f"{factor}e{power}") for factor in (1, 2, 5, 10)) if step >= rough * 0.7)


def _plain(value: float, step: float, largest: float) -> str:
    """Write a value with the digits that tell it from the next one."""
    if 1e-4 <= largest < 1e7:
        return f"{value:,.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
    digits = max(0, math.floor(math.log10(largest) + 1e-9) - math.floor(math.log10(step) + 1e-9))
    return _written(float(f"{value:.{min(digits, 12)}e}"))


def _written(value: float) -> str:
    """Write a number shortly: 0.001, 200, 5e-7."""
    if value == 0 or 1e-4 < abs(value) < 1e5:
        return f"{value:,.10g}"
    mantissa, _, exponent = f"{value:.12e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
