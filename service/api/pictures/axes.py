"""Axes: where a value stands, and round numbers to write beside them."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.types import Floats

SMALLEST = 1e-290  # beside this, the distance between two values is none


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
        shown = values[np.isfinite(values)]
        if logarithmic and (shown > 0).any():
            low, high = np.log10([shown[shown > 0].min(), shown.max()]).tolist()
            pad = (high - low) * room or 0.5
            return cls(10 ** max(low - pad, -300), 10 ** min(high + pad, 308), start, end, logarithmic=True)
        low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
        half = high / 2 - low / 2  # of the range, which itself may be too large for a float
        if half <= max(abs(low), abs(high)) * 1e-12 or half < SMALLEST:
            half = max(abs(low), abs(high)) / 4 if max(abs(low), abs(high)) > SMALLEST else 0.5
            low, high = low - half, high + half
        else:
            low, high = low - 2 * half * room, high + 2 * half * room
        limit = float(np.finfo(np.float64).max) / 2
        return cls(max(low, -limit), min(high, limit), start, end)

    def __call__(self, values: Floats) -> Floats:
        """Return where values stand, in pixels; NaN where they cannot be shown."""
        low, high = self.low, self.high
        usable = np.where(np.isfinite(values), values, np.nan)
        if self.logarithmic:
            usable = np.log10(np.where(usable > 0, usable, np.nan))
            low, high = math.log10(low), math.log10(high)
        share: Floats = (usable / 2 - low / 2) / (high / 2 - low / 2)
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[tuple[float, str]]:
        """Return round values on the axis and how they are written."""
        if self.logarithmic and (decades := self._decades(about)):
            return [(value, _written(value)) for value in decades]
        step = _round_step((self.high / 2 - self.low / 2) * 2 / about)
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
            values = [f * 10.0**k for k in range(first, last + 1) if k % every == 0 for f in factors]
            shown = [value for value in values if self.low <= value <= self.high]
            if len(shown) >= 3:
                return shown
        return []


def _round_step(rough: float) -> float:
    """Return about that, as 1, 2 or 5 times a power of ten (Heckbert, Nice Numbers for Graph Labels, Graphics Gems 1990)."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.7)


def _plain(value: float, step: float, largest: float) -> str:
    """Write a value with the digits that tell it from the next one."""
    if 1e-4 <= largest < 1e7:
        return f"{value:,.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
    digits = max(0, math.floor(math.log10(largest) + 1e-9) - math.floor(math.log10(step) + 1e-9))
    return _written(float(f"{value:.{min(digits, 15)}e}"))


def _written(value: float) -> str:
    """Write a number shortly: 0.001, 200, 5e-7."""
    if value == 0 or 1e-4 < abs(value) < 1e5:
        return f"{value:,.10g}"
    mantissa, _, exponent = f"{value:.15e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
