"""Curves drawn with characters."""

import math

import pytest

from service.cli.plot import LABEL_WIDTH, plot


def test_a_falling_line() -> None:
    """It goes from the upper left to the lower right corner, with both values beside the axis."""
    lines = plot([0, 1, 2, 3], [3.0, 2.0, 1.0, 0.0], 13, 4, unicode=False)
    assert lines == ["       3|*", "        | *", "        |  *", "       0|   *"]
    braille = plot([0, 10], [3.0, 0.0], 11, 2, unicode=True)
    assert [len(line) for line in braille] == [LABEL_WIDTH + 2, LABEL_WIDTH + 3]
    assert braille[0].startswith("       3│")


def test_large_ranges_are_logarithmic() -> None:
    """A value in the middle of the powers is in the middle of the picture; the axis says so."""
    lines = plot([0, 1, 2], [100.0, 10.0, 1.0], 12, 5, unicode=False)
    assert [line[LABEL_WIDTH + 1 :] for line in lines][2].strip() == "*"
    assert "log" in lines[2]
    assert "log" not in "".join(plot([0, 1, 2], [100.0, 10.0, -1.0], 12, 5, unicode=False))


def test_gaps_are_gaps() -> None:
    """What is null or not finite is not drawn, nor the way over it."""
    lines = plot([0, 1, 2, 3, 4], [1.0, 1.0, None, math.nan, 0.0], 14, 2, unicode=False)
    assert [line[LABEL_WIDTH + 1 :] for line in lines] == ["**", "    *"]


@pytest.mark.parametrize(
    ("steps", "values", "width", "height"),
    [([], [], 50, 5), ([0], [1.0], 50, 5), ([0, 1], [1.0, None], 50, 5), ([0, 1], [1, 2], 9, 5), ([0, 1], [1, 2], 50, 1)],
)
def test_nothing_to_draw(steps: list[float], values: list[float | None], width: int, height: int) -> None:
    """Without two points, or without room, there is no picture."""
    assert plot(steps, values, width, height, unicode=True) == []


@pytest.mark.parametrize("width", [11, 40, 99])
@pytest.mark.parametrize("height", [2, 3, 10])
def test_it_never_grows(width: int, height: int) -> None:
    """Whatever the values, the picture has the size that was asked for."""
    values = [math.sin(i) * 10 ** (i % 7) for i in range(500)]
    for curve in (values, [1.0] * 500, [1e-300, 1e300] * 250):
        lines = plot(list(range(500)), curve, width, height, unicode=True)
        assert len(lines) == height
        assert max(map(len, lines)) <= width
