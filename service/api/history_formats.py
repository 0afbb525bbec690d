"""Curves as JSON, as CSV and as JSON a line, in pieces."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic_core import to_json

from service.runs.chosen import Chosen, Notes

CELL = {"null": "", "NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def json(chosen: Chosen, kind: str) -> Iterator[bytes]:
    """Write the members of `HistoryOut`; what is no finite number is null, and named in `nonfinite`.

    Straight to JSON: of 10,000 points with three series 1.7 ms, by way of the model 2.7, with `json.dumps` 18.
    """
    yield to_json({"object": kind, "run": chosen.run.id, "status": chosen.run.status})[:-1] + b',"steps":['
    yield from _joined(to_json(block.steps.tolist()) for block in chosen.blocks([]))
    for i, name in enumerate(chosen.names):
        yield (b"]," if i else b'],"series":{') + to_json(name) + b":["
        yield from _joined(to_json(block.values(name), inf_nan_mode="null") for block in chosen.blocks([name]))
    nonfinite = {name: [{"step": step, "kind": what} for step, what in points] for name, points in chosen.nonfinite.items()}
    rest = {"nonfinite": nonfinite, "total_points": chosen.total_points, "downsampled": chosen.downsampled}
    yield (b"]}," if chosen.names else b'],"series":{},') + to_json(rest)[1:]


def _joined(lists: Iterator[bytes]) -> Iterator[bytes]:
    """Write lists as one, without its brackets."""
    for i, one in enumerate(lists):
        yield (b"," if i else b"") + one[1:-1]


def csv(chosen: Chosen, kind: str) -> Iterator[bytes]:  # noqa: ARG001 (as the others)
    """Write a header and a line for each step: a series without a point there is empty, the others may be nan, inf or -inf."""
    yield ",".join(["step", *chosen.names]).encode() + b"\n"
    for block in chosen.blocks(chosen.names):
        columns = [_cells(block.steps.tolist())]
        columns += [[CELL.get(cell, cell) for cell in _cells(block.values(name))] for name in chosen.names]
        yield "\n".join([*map(",".join, zip(*columns, strict=True)), ""]).encode()


def ndjson(chosen: Chosen, kind: str) -> Iterator[bytes]:  # noqa: ARG001
    """Write an object for each step; what is no finite number is null, and its kind stands in `nonfinite`."""
    form = "{" + ",".join(f'"{name}":%s' for name in ("step", *chosen.names)) + "}\n"
    for block in chosen.blocks(chosen.names):
        steps = block.steps.tolist()
        columns = [_cells(steps), *(_cells(block.values(name), bad="null") for name in chosen.names)]
        lines = [form % cells for cells in zip(*columns, strict=True)]
        for row, kinds in _notes(steps, block.nonfinite).items():
            lines[row] = lines[row][:-2] + f',"nonfinite":{to_json(kinds).decode()}}}\n'
        yield "".join(lines).encode()


def _cells(values: Sequence[float | None], bad: Literal["constants", "null"] = "constants") -> list[str]:
    """Write each number, all at once: of 10,000 points with three series an answer in 12 ms, with a call for each 28."""
    return to_json(values, inf_nan_mode=bad).decode()[1:-1].split(",") if values else []


def _notes(steps: Sequence[int], nonfinite: Notes) -> dict[int, dict[str, str]]:
    """Return the kinds of what is not finite, by series and row."""
    rows: dict[int, dict[str, str]] = {}
    for name, points in nonfinite.items():
        for step, what in points:
            rows.setdefault(bisect_left(steps, step), {})[name] = what
    return rows
