"""The curves of a run as a picture: the losses in one panel, and a panel for each other kind of series."""

import numpy as np

from core.types import Floats
from service.api.pictures.axes import Axis
from service.api.pictures.svg import document, num, path, shorten, text
from service.domain import LOSS_SERIES
from service.runs.history import History

WIDTH, LEFT, RIGHT, TOP, FOOT = 720, 68, 32, 44, 46
TALL, SHORT, GAP = 270, 120, 26  # height of the first panel, of the others, and between them
PANELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("loss", LOSS_SERIES),
    ("accuracy", ("train_accuracy", "val_accuracy")),
    ("perplexity", ("val_perplexity",)),
    ("learning rate", ("learning_rate",)),
    ("gradient norm", ("grad_norm",)),
    ("update ratio", ("update_ratio",)),
)
COLOUR = {"data_loss": 4, "reg_loss": 2, "val_loss": 1, "smooth_loss": 3, "val_accuracy": 1}  # any other: 0
DASHED = ("data_loss",)  # often so close to the loss that both could not be seen
MARKED = 50  # values that are not finite, in one series


def draw(history: History, *, logarithmic: bool) -> str:
    """Draw what a history holds."""
    steps = np.array(history.steps, np.float64)
    x = Axis.over(steps, LEFT, WIDTH - RIGHT, room=0.0)
    body: list[str] = []
    top = TOP
    panels = [(title, [name for name in names if name in history.series]) for title, names in PANELS]
    shown = [(title, names) for title, names in panels if names] or [("loss", [])]
    for i, (title, names) in enumerate(shown):
        height = SHORT if i else TALL
        log = logarithmic and title != "accuracy"
        body += _panel(history, title, names, x, top + 22, height, logarithmic=log, last=i == len(shown) - 1)
        top += 22 + height + (GAP if i < len(shown) - 1 else 0)
    count, total = len(history.steps), history.total_points
    note = f"{count:,} of {total:,} points" if history.downsampled else f"{count:,} points"
    body.append(text(f"{history.run.status}, {note}", WIDTH - RIGHT, top + FOOT - 8, anchor="end"))
    body.append(text("step", LEFT, top + FOOT - 8))
    return document(history.run.name or history.run.id, WIDTH, top + FOOT, body)


def _panel(
    history: History, title: str, names: list[str], x: Axis, top: int, height: int, *, logarithmic: bool, last: bool
) -> list[str]:
    steps = np.array(history.steps, np.float64)
    values = {name: np.array(history.series[name], np.float64) for name in names}
    every = np.concatenate([*values.values(), []])
    y = Axis.over(every, top + height, top, logarithmic=logarithmic)
    parts = [text(title + (", logarithmic" if y.logarithmic else ""), LEFT, top - 8, "panel"), *_grid(x, y, last=last)]
    for name in names:
        dash = ' stroke-dasharray="1 4"' if name in DASHED else ""
        parts.append(path(_line(x(steps), y(values[name])), f"line{COLOUR.get(name, 0)}", dash))
        parts += _marks(history, name, x, top)
    if not len(every):
        parts.append(text("no points yet", (LEFT + WIDTH - RIGHT) / 2, top + height / 2, anchor="middle"))
    return parts + (_legend(names, top - 8) if len(names) > 1 else [])


def _grid(x: Axis, y: Axis, *, last: bool) -> list[str]:
    """Draw lines at round numbers, with the numbers; the steps stand under the last panel only."""
    across, along = y.marks(), x.marks(6)
    lines = "".join(f"M{num(x.start)} {num(at)}H{num(x.end)}" for at, _ in across)
    ticks = "".join(f"M{num(at)} {num(y.start)}v4" for at, _ in along)
    parts = [path(lines, "grid"), path(f"M{num(x.start)} {num(y.start)}H{num(x.end)}{ticks}", "axis")]
    parts += [text(label, x.start - 8, at + 4, anchor="end") for at, label in across]
    return parts + ([text(label, at, y.start + 18, anchor="middle") for at, label in along] if last else [])


def _line(xs: Floats, ys: Floats) -> str:
    """Join the points; where one cannot be shown there is a gap, and one alone becomes a dot."""
    shown = np.isfinite(ys)
    begins = shown & ~np.concatenate([[False], shown[:-1]])
    ends = shown & ~np.concatenate([shown[1:], [False]])
    data = []
    for px, py, first, alone in zip(xs[shown], ys[shown], begins[shown], (begins & ends)[shown], strict=True):
        data.append(f"{'M' if first else 'L'}{num(px)} {num(py)}{'h0' if alone else ''}")
    return "".join(data)


def _marks(history: History, name: str, x: Axis, top: int) -> list[str]:
    """Mark values that are not finite with a cross at the upper edge."""
    marks = []
    for step, kind in history.nonfinite.get(name, [])[:MARKED]:
        at = float(x(np.array([float(step)]))[0])
        cross = f"M{num(at - 4)} {top - 4}l8 8m0 -8l-8 8"
        marks.append(path(cross, f"line{COLOUR.get(name, 0)}", title=f"{name} is {kind} at step {step:,}"))
    return marks


def _legend(names: list[str], y: int) -> list[str]:
    parts, x = [], float(WIDTH - RIGHT)
    for name in reversed(names):
        label = shorten(name.replace("_", " "), 20)
        x -= 7 * len(label)
        dash = ' stroke-dasharray="1 4"' if name in DASHED else ""
        parts += [text(label, x, y), path(f"M{num(x - 26)} {y - 4}h20", f"line{COLOUR.get(name, 0)}", dash)]
        x -= 42
    return parts
