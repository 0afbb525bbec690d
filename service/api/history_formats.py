"""Curves as JSON, as CSV and as JSON a line."""

import csv as table
from io import StringIO

from pydantic_core import to_json

from service.runs.history import History


def json(history: History, kind: str) -> bytes:
    """Write the members of `HistoryOut`; what is no finite number is null, and named in `nonfinite`.

    Straight to JSON: of 10,000 points with three series 2 ms, where checking each number against the model took 9 and
    `json.dumps` 14.
    """
    members = {
        "object": kind,
        "run": history.run.id,
        "status": history.run.status,
        "steps": history.steps,
        "series": history.series,
        "nonfinite": {
            name: [{"step": step, "kind": what} for step, what in points] for name, points in history.nonfinite.items()
        },
        "total_points": history.total_points,
        "downsampled": history.downsampled,
    }
    return to_json(members, inf_nan_mode="null")


def csv(history: History, kind: str) -> bytes:  # noqa: ARG001 (as the others)
    """Write a header and a line for each step: a series without a point there is empty, the others may be nan, inf or -inf."""
    out = StringIO()
    writer = table.writer(out, lineterminator="\n")
    writer.writerow(["step", *history.series])
    writer.writerows(zip(history.steps, *history.series.values(), strict=True))
    return out.getvalue().encode()


def ndjson(history: History, kind: str) -> bytes:  # noqa: ARG001
    """Write an object for each step; what is no finite number is null, and its kind stands in `nonfinite`."""
    kinds: dict[int, dict[str, str]] = {}
    for name, points in history.nonfinite.items():
        for step, what in points:
            kinds.setdefault(step, {})[name] = what
    names = ("step", *history.series)
    lines = []
    for step, *values in zip(history.steps, *history.series.values(), strict=True):
        point = dict(zip(names, (step, *values), strict=True))
        if step in kinds:
            point["nonfinite"] = kinds[step]
        lines.append(to_json(point, inf_nan_mode="null"))
    return b"".join(line + b"\n" for line in lines)
