"""Pictures of anything: round numbers, coordinates that are numbers, text that stays text."""

import math
import re
from itertools import pairwise
from types import SimpleNamespace
from typing import cast
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.types import Floats
from service.api.pictures import curves, scatter, svg
from service.api.pictures.axes import Axis
from service.domain import Run
from service.runs.history import History

RUN = cast("Run", SimpleNamespace(id="run_0", name=None, status="running"))  # all that a picture tells of it


@given(hnp.arrays(np.float64, st.integers(0, 6), elements=st.floats()), st.booleans())
def test_an_axis_for_any_values(values: Floats, logarithmic: bool) -> None:  # noqa: FBT001 (Hypothesis)
    """Every value that can be shown lies on the axis; the ticks too, a handful, in order, each with a label of its own."""
    axis = Axis.over(values, 400, 0, logarithmic=logarithmic)
    assert axis.low < axis.high
    placed = axis(values)
    shown = np.isfinite(values) & ((values > 0) | (not axis.logarithmic))
    assert np.array_equal(np.isfinite(placed), shown)
    assert ((placed[shown] >= -0.01) & (placed[shown] <= 400.01)).all()
    marks = axis.marks()
    assert 1 <= len(marks) <= 21
    assert all(-0.01 <= at <= 400.01 for at, _ in marks)
    assert all(at > following for (at, _), (following, _) in pairwise(marks))
    assert len({label for _, label in marks}) == len(marks)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 10_000, ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]),
        (-3, 4, ["-3", "-2", "-1", "0", "1", "2", "3", "4"]),
        (0, 3e-7, ["0", "5e-8", "1e-7", "1.5e-7", "2e-7", "2.5e-7", "3e-7"]),
        (1e9, 1.0005e9, ["1e9", "1.0001e9", "1.0002e9", "1.0003e9", "1.0004e9", "1.0005e9"]),
    ],
)
def test_round_numbers(low: float, high: float, labels: list[str]) -> None:
    """Ticks are at round numbers, written with the digits that tell them apart."""
    assert [label for _, label in Axis(low, high, 0, 100).ticks()] == labels


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.5, 2000, ["1", "10", "100", "1,000"]),
        (0.1, 3, ["0.1", "0.2", "0.5", "1", "2"]),
        (1e-30, 1, ["1e-30", "1e-25", "1e-20", "1e-15", "1e-10", "1e-5", "1"]),
        (3, 4, ["3.0", "3.2", "3.4", "3.6", "3.8", "4.0"]),
    ],
)
def test_round_numbers_of_a_logarithmic_axis(low: float, high: float, labels: list[str]) -> None:
    """Powers of ten, their double and fivefold if there are few; within one stretch of those, as a linear axis has them."""
    assert [label for _, label in Axis(low, high, 0, 100, logarithmic=True).ticks()] == labels


@given(
    hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 8)), elements=st.floats()),
    st.booleans(),
)
def test_any_curve_can_be_drawn(values: Floats, logarithmic: bool) -> None:  # noqa: FBT001
    """Whatever the values are, the picture is well-formed, and what is drawn lies inside it."""
    steps = [i * i for i in range(values.shape[1])]
    series: dict[str, list[float | None]] = {"loss": values[0].tolist(), "grad_norm": values[1].tolist()}
    bad = {
        name: [(s, str(v)) for s, v in zip(steps, vs, strict=True) if v is not None and not math.isfinite(v)]
        for name, vs in series.items()
    }
    history = History(RUN, steps, series, bad, len(steps), downsampled=False)
    check(curves.draw(history, logarithmic=logarithmic))


@given(hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 8)), elements=st.floats(-1e100, 1e100)))
def test_any_examples_can_be_drawn(values: Floats) -> None:
    """Whatever the examples are, the picture is well-formed, and what is drawn lies inside it."""
    labels = np.arange(values.shape[1])
    shown = scatter.Examples(values[0], values[1], ("x", "y"), labels, [f"c{k}" for k in labels], labels[::3])
    check(scatter.draw("any", shown))


def check(text: str) -> None:
    """Hold a picture against what is true of every picture."""
    root = ET.fromstring(text)  # noqa: S314
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    for element in root.iter("{http://www.w3.org/2000/svg}path"):
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", element.attrib["d"]):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
        assert not re.search("nan|inf", element.attrib["d"])


@given(st.text(max_size=20), st.integers(1, 10))
def test_text_stays_text(content: str, width: int) -> None:
    """Text of any kind can stand in XML, and is cut to a number of columns."""
    root = ET.fromstring(svg.text(content, 0, 0))  # noqa: S314
    kept = svg.NOT_XML.sub("\ufffd", content).replace("\r\n", "\n").replace("\r", "\n")
    assert (root.text or "") == kept
    assert not list(root)
    assert len(svg.shorten(content, width)) <= width
