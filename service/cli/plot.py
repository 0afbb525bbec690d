"""A curve drawn with characters."""

import math
from collections.abc import Iterator, Sequence

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of a braille character: `DOTS[column][row]`."""
LOG_FROM = 30.0
"""With a largest value of so many times the smallest, the axis is logarithmic."""
LABEL_WIDTH = 8

Point = tuple[float, float]


def plot(steps: Sequence[float], values: Sequence[float | None], width: int, height: int, *, unicode: bool) -> list[str]:
    """Draw a curve in `height` lines of at most `width` characters, with the values at both ends of the axis beside it.

    A value of None is a gap. Without two points there is nothing to draw: no lines. Without `unicode` only ASCII is used.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    columns = width - LABEL_WIDTH - 1
    if len(known) < 2 or height < 2 or columns < 2 or steps[-1] <= steps[0]:
        return []
    low, high = min(known), max(known)
    log = low > 0 and high > LOG_FROM * low
    across, up = (2, 4) if unicode else (1, 1)
    curve = list(_scaled(steps, values, columns * across - 1, height * up - 1, log=log))
    cells = [[0] * columns for _ in range(height)]
    for x, y in _dots(curve):
        cells[y // up][x // across] |= DOTS[x % across][y % up]
    labels = [_label(high), *[""] * (height - 2), _label(low)]
    if log:
        labels[height // 2] = "log" if height > 2 else labels[height // 2]
    edge = "│" if unicode else "|"
    return [f"{label:>{LABEL_WIDTH}}{edge}{_text(row, unicode=unicode)}" for label, row in zip(labels, cells, strict=True)]


def _label(value: float) -> str:
    text = f"{value:.3g}"
    return text if len(text) <= LABEL_WIDTH else f"{value:.0e}"


def _scaled(
    steps: Sequence[float], values: Sequence[float | None], right: int, bottom: int, *, log: bool
) -> Iterator[Point | None]:
    """Yield each point in dots from the upper left corner, and None for a gap."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    scale = math.log if log else float
    low, high = scale(min(known)), scale(max(known))
    for step, value in zip(steps, values, strict=True):
        if value is None or not math.isfinite(value):
            yield None
        else:
            x = (step - steps[0]) / (steps[-1] - steps[0]) * right
            yield x, (high - scale(value)) / ((high - low) or 1.0) * bottom


def _dots(curve: Sequence[Point | None]) -> Iterator[tuple[int, int]]:
    """Yield the dots of the lines between points that follow each other."""
    before: Point | None = None
    for point in curve:
        if point is not None:
            x0, y0 = before or point
            x1, y1 = point
            count = max(1, math.ceil(max(abs(x1 - x0), abs(y1 - y0))))
            for i in range(count + 1):
                yield round(x0 + (x1 - x0) * i / count), round(y0 + (y1 - y0) * i / count)
        before = point


def _text(row: Sequence[int], *, unicode: bool) -> str:
    return "".join((chr(0x2800 + bits) if unicode else "*") if bits else " " for bits in row).rstrip()
