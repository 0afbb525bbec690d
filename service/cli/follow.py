"""Follow runs to their end: bars in a terminal, a line now and then in a pipe, JSON Lines for programs."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from service.cli import show
from service.cli.codes import OF_STATUS, ExitCode
from service.cli.show import Object
from service.cli.talk import console, fail, note, out_json

if TYPE_CHECKING:
    from service.client import Client

FIRST_LINE_SECONDS, LONGEST_LINE_SECONDS = 2.0, 60.0
ENDED = ("succeeded", "failed", "cancelled")
Update = Callable[[Object], None]


def follow(client: "Client", run_id: str, *, as_json: bool, quiet: bool = False) -> Object:
    """Return a run when it has ended or is paused. Ctrl-C ends the command, not the run."""
    try:
        with _shown(as_json=as_json, quiet=quiet) as update:
            return client.runs.wait(run_id, on_progress=update)
    except KeyboardInterrupt:
        note(f"the run goes on; watch it: postgrad runs watch {run_id}, stop it: postgrad runs cancel {run_id}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _shown(*, as_json: bool, quiet: bool) -> AbstractContextManager[Update]:
    if quiet:
        return nullcontext(lambda _: None)
    return nullcontext(_json_line) if as_json else watching()


def finish(run: Object, *, as_json: bool, lines: bool = False, quiet: bool = False) -> None:
    """Tell how a run that was followed has ended, and end with the exit code that says the same."""
    if as_json and lines:
        _write_line({"type": "end", "run": run})
    elif as_json:
        out_json(run)
    elif not quiet:
        typer.echo(show.line(run))
    if run["status"] == "failed":
        error = run["error"] or {}
        detail, hint = str(error.get("detail", run["stop_reason"])), str(error.get("suggestion", ""))
        fail(f"the run failed: {detail}", ExitCode.RUN_FAILED, hint=None if hint in detail else hint)
    if run["status"] == "paused":
        note(f"the run is paused at step {run['progress']['step']}; go on with it: postgrad runs resume {run['id']}")
    raise typer.Exit(OF_STATUS.get(run["status"], ExitCode.OK))


def watching(names: dict[str, str] | None = None) -> AbstractContextManager[Update]:
    """Show the runs that the function gets: as bars on a terminal, else as lines. `names` are theirs, by id."""
    terminal = console(stderr=True)
    animated = terminal.is_terminal and not terminal.is_dumb_terminal
    return _bars(names or {}) if animated else nullcontext(_Lines(names or {}))


@contextmanager
def _bars(names: dict[str, str]) -> Iterator[Update]:
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
    with Progress(*columns, console=console(stderr=True), refresh_per_second=20) as progress:

        def update(run: Object) -> None:
            fields = _fields(run)
            if run["id"] not in tasks:
                name = names.get(run["id"], show.model_of(run))
                tasks[run["id"]] = progress.add_task(name, total=run["progress"]["steps"], **fields)
            progress.update(tasks[run["id"]], completed=run["progress"]["step"], **fields)

        yield update


def _fields(run: Object) -> dict[str, Any]:
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


class _Lines:
    """A line for each run after two seconds, then after ever longer, and one at its end."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._due: dict[str, tuple[float, float]] = {}

    def __call__(self, run: Object) -> None:
        now = time.monotonic()
        due, gap = self._due.setdefault(run["id"], (now + FIRST_LINE_SECONDS, FIRST_LINE_SECONDS))
        if run["status"] not in ENDED and now < due:
            return
        gap = min(2 * gap, LONGEST_LINE_SECONDS)
        self._due[run["id"]] = (now + gap, gap)
        name = self._names.get(run["id"])
        note(f"{name}: {show.line(run)}" if name else show.line(run))


def _json_line(run: Object) -> None:
    if run["status"] not in ENDED:
        _write_line({"type": "progress", "run": run})


def _write_line(value: Object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()
