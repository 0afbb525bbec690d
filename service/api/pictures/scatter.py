"""Labelled examples of two features as a picture, over the regions of a model's classes if there are any."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.dataset import spread
from core.types import Floats, Ints
from service.api.pictures.axes import Axis
from service.api.pictures.svg import COLOURS, document, num, path, shorten, text

WIDTH, HEIGHT, LEFT, TOP, SIDE = 650, 512, 68, 44, 420
DRAWN = 3000  # examples, evenly chosen: more could not be told apart
LISTED = 20  # classes in the legend
SHAPES = (  # each 7 pixels wide; where the colours begin again, the next shape is taken
    "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    "m-3 -3h6v6h-6z",
    "m0-4l4 7h-8z",
    "m0-4.5l4.5 4.5l-4.5 4.5l-4.5-4.5z",
)


@dataclass(frozen=True)
class Regions:
    """The class (R, C) at each point of a grid x (C,), y (R,)."""

    x: Floats
    y: Floats
    classes: Ints


@dataclass(frozen=True)
class Examples:
    """Two features x (N,), y (N,) with their names, and the classes (N,) as positions in their names.

    If there is one feature only, the second name is None, and y lays each class on a line of its own.
    """

    x: Floats
    y: Floats
    names: tuple[str, str | None]
    labels: Ints
    classes: Sequence[str | int]
    hollow: Ints
    """Rows that are drawn without filling."""


def draw(title: str, examples: Examples, regions: Regions | None = None, note: str = "") -> str:
    """Draw the examples, and what the colours and the axes mean."""
    over = (regions.x, regions.y) if regions else (examples.x, examples.y)
    room = 0.0 if regions else 0.05
    x = Axis.over(over[0], LEFT, LEFT + SIDE, room=room)
    y = Axis.over(over[1], TOP + SIDE, TOP, room=room)
    body = _areas(regions, x, y) if regions else []
    body += _frame(x, y, examples.names, grid=regions is None)
    rows = spread(len(examples.labels), DRAWN)
    px, py, labels, hollow = x(examples.x[rows]), y(examples.y[rows]), examples.labels[rows], np.isin(rows, examples.hollow)
    for k in np.unique(labels).tolist():
        for kind, of_kind in (("dot", ~hollow), ("ring", hollow)):
            here = (labels == k) & of_kind
            if here.any():
                points = zip(px[here], py[here], strict=True)
                dots = "".join(f"M{num(a)} {num(b)}{_shape(k)}" for a, b in points)
                body.append(path(dots, f"{kind}{k % COLOURS}"))
    body += _legend(examples.classes, LEFT + SIDE + 20, TOP + 10)
    if len(rows) < len(examples.labels):
        note = f"{note}{', ' if note else ''}{len(rows):,} of {len(examples.labels):,} examples"
    body.append(text(note, WIDTH - 16, HEIGHT - 10, anchor="end"))
    return document(title, WIDTH, HEIGHT, body)


def _shape(k: int) -> str:
    return SHAPES[k // COLOURS % len(SHAPES)]


def _frame(x: Axis, y: Axis, names: tuple[str, str | None], *, grid: bool) -> list[str]:
    across, along = y.marks() if names[1] is not None else [], x.marks()
    lines = [f"M{num(x.start)} {num(at)}H{num(x.end)}" for at, _ in across]
    lines += [f"M{num(at)} {num(y.start)}V{num(y.end)}" for at, _ in along]
    ticks = [f"M{num(x.start)} {num(at)}h-4" for at, _ in across] + [f"M{num(at)} {num(y.start)}v4" for at, _ in along]
    box = f"M{num(x.start)} {num(y.end)}V{num(y.start)}H{num(x.end)}"
    parts = [path("".join(lines), "grid")] if grid else []
    parts.append(path(box + "".join(ticks), "axis"))
    parts += [text(label, x.start - 8, at + 4, anchor="end") for at, label in across]
    parts += [text(label, at, y.start + 18, anchor="middle") for at, label in along]
    parts.append(text(shorten(names[0], 40), (x.start + x.end) / 2, y.start + 36, anchor="middle"))
    if names[1] is None:
        return parts
    turned = f'<g transform="translate(14 {num((y.start + y.end) / 2)}) rotate(-90)">'
    return [*parts, turned + text(shorten(names[1], 40), 0, 0, anchor="middle") + "</g>"]


def _areas(regions: Regions, x: Axis, y: Axis) -> list[str]:
    """Fill each class's part of the grid, a rectangle for each stretch of a row: every point stands for a cell around it."""
    px, py = _edges(x(regions.x)), _edges(y(regions.y))
    data: dict[int, list[str]] = {}
    for row, top, bottom in zip(regions.classes, py[1:], py[:-1], strict=True):
        begins = np.flatnonzero(np.diff(row, prepend=-1))
        ends = np.append(begins[1:], len(row))
        for k, a, b in zip(row[begins].tolist(), px[begins], px[ends], strict=True):
            data.setdefault(k, []).append(f"M{num(a)} {num(top)}H{num(b)}V{num(bottom)}H{num(a)}z")
    return [path("".join(parts), f"area{k % COLOURS}") for k, parts in sorted(data.items())]


def _edges(centres: Floats) -> Floats:
    """Return the edges (n + 1,) of cells around centres (n,), cut at the outer ones."""
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([centres[:1], middle, centres[-1:]])


def _legend(classes: Sequence[str | int], x: int, top: int) -> list[str]:
    parts = []
    for k, name in enumerate(classes[:LISTED]):
        y = top + 20 * k
        parts += [path(f"M{x} {y}{_shape(k)}", f"dot{k % COLOURS}"), text(shorten(str(name), 15), x + 12, y + 4)]
    if len(classes) > LISTED:
        parts.append(text(f"and {len(classes) - LISTED:,} more", x, top + 20 * LISTED + 4))
    return parts
