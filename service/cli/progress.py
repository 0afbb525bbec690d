"""The progress of several runs: a bar for each on a terminal, a line now and then in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from service.cli import show
from service.cli.talk import console, note

FIRST_LINE_SECONDS, LONGEST_LINE_SECONDS = 2.0, 60.0
ENDED = ("succeeded", "failed", "cancelled")
Run = Mapping[str, Any]
Update = Callable[[Run], None]


def watching(names: dict[str, str] | None = None) -> AbstractContextManager[Update]:
    """Show the runs that the function gets: as bars on a terminal, else as lines. `names` are theirs, by id."""
    terminal = console(stderr=True)
    return _bars(terminal, names or {}) if animated(terminal) else nullcontext(Lines(names or {}))


def animated(terminal: Console) -> bool:
    """Whether what stands there already can be drawn anew. A variable that asks for colours does not make it so."""
    return terminal.is_interactive and not terminal.is_dumb_terminal and sys.stderr.isatty()


@contextmanager
def _bars(terminal: Console, names: dict[str, str]) -> Iterator[Update]:
    tasks: dict[str, TaskID] = {}
    columns = [
        TextColumn("{task.description}"),
        BarColumn(bar_width=24, complete_style="cyan", finished_style="green"),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}", justify="right"),
        TextColumn("{task.fields[loss]}"),
        TextColumn("{task.fields[accuracy]}"),
        TextColumn("[dim]{task.fields[rate]}", justify="right"),
        TextColumn("[dim]{task.fields[left]}", justify="right"),
    ]
    with Progress(*columns, console=terminal, refresh_per_second=20) as progress:

        def update(run: Run) -> None:
            fields = _fields(run)
            if run["id"] not in tasks:
                name = names.get(run["id"], show.model_of(run))
                tasks[run["id"]] = progress.add_task(name, total=run["progress"]["steps"], **fields)
            progress.update(tasks[run["id"]], completed=run["progress"]["step"], **fields)

        yield update


def _fields(run: Run) -> dict[str, Any]:
    progress = run["progress"]
    loss, accuracy = show.last(run, "loss"), show.last(run, "train_accuracy")
    rate, left = progress["steps_per_second"], progress["eta_seconds"]
    ended = run["status"] in ENDED
    return {
        "loss": "" if loss is None else f"loss {loss:.4f}",
        "accuracy": "" if accuracy is None else f"accuracy {show.share(accuracy)}",
        "rate": f"{rate:,.0f}/s" if rate and not ended else "",
        "left": run["status"] if ended or left is None else f"{left:.0f} s left",
    }


class Lines:
    """A line for each run after two seconds, then after ever longer, and one at its end."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._due: dict[str, tuple[float, float]] = {}

    def __call__(self, run: Run) -> None:
        """Write a line if it is time for one."""
        now = time.monotonic()
        due, gap = self._due.setdefault(run["id"], (now + FIRST_LINE_SECONDS, FIRST_LINE_SECONDS))
        if run["status"] not in ENDED and now < due:
            return
        gap = min(2 * gap, LONGEST_LINE_SECONDS)
        self._due[run["id"]] = (now + gap, gap)
        name = self._names.get(run["id"])
        note(f"{name}: {show.line(run)}" if name else show.line(run))
