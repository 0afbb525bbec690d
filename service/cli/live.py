"""One run on a terminal while it is trained: a bar, its measures, and the curve of its loss."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from service.cli import show
from service.cli.plot import plot
from service.cli.progress import ENDED, Run, Update

if TYPE_CHECKING:
    from service.client import Client

WIDEST, TALLEST = 100, 10
OTHER_LINES = 6
"""Lines of the terminal that are not the curve's: those above it, the cursor's, and some of what was there before."""
POINTS = 400
LONG_SILENCE_SECONDS = 5.0
SERIES = {
    "loss": "loss",
    "train_accuracy": "accuracy",
    "val_loss": "held-out loss",
    "val_accuracy": "held-out accuracy",
    "smooth_loss": "smooth loss",
}


@contextmanager
def live(client: "Client", terminal: Console) -> Iterator[Update]:
    """Show the run that the function gets, until the block ends; its last state stays there."""
    picture = Picture()
    with Live(picture, console=terminal, refresh_per_second=8, transient=False) as display:

        def update(run: Run) -> None:
            picture.show(run, _curve(client, run["id"]))
            display.refresh()

        yield update


def _curve(client: "Client", run_id: str) -> Mapping[str, Any] | None:
    """Return the loss history; None if the server is away for a moment."""
    from service.client import APIError  # noqa: PLC0415 (--help does not need it)

    try:
        return client.runs.loss_history(run_id, max_points=POINTS)
    except APIError:
        return None


class Picture:
    """A run as it is drawn; as wide and as high as the terminal is at that moment."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._curve: Mapping[str, Any] | None = None
        self._heard = 0.0

    def show(self, run: Run, curve: Mapping[str, Any] | None) -> None:
        """Take a run as it is now, and its loss history; without one, that from before stays."""
        self._run, self._curve = run, curve or self._curve
        self._heard = time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw."""
        if self._run is None:
            return
        width = min(options.max_width, WIDEST)
        yield _title(self._run, width)
        yield _bar(self._run, width)
        yield _cut(_measures(self._run, time.monotonic() - self._heard), width)
        if self._curve is not None:
            height = min(TALLEST, console.size.height - OTHER_LINES)
            values = self._curve["series"].get("loss", [])
            unicode = not options.ascii_only
            for line in plot(self._curve["steps"], values, width, height, unicode=unicode):
                yield Text(line, style="cyan", no_wrap=True, overflow="crop")


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text


def _title(run: Run, width: int) -> Text:
    what = f"{show.model_of(run)} on {show.data_of(run)}"
    return _cut(Text.assemble((run["id"], "bold"), " ", show.status_of(run), f" {run['name'] or what}"), width)


def _bar(run: Run, width: int) -> Table:
    progress = run["progress"]
    parts = [f"{progress['step']:,}/{progress['steps']:,}", f"{100 * progress['fraction']:.0f} %"]
    if run["status"] not in ENDED:
        if progress["steps_per_second"]:
            parts.append(f"{progress['steps_per_second']:,.0f}/s")
        if progress["eta_seconds"] is not None and run["status"] == "running":
            parts.append(f"{duration(progress['eta_seconds'])} left")
        elif run["queue_position"]:
            parts.append(f"{run['queue_position']} in the queue")
    elif (taken := show.seconds(run)) is not None:
        parts.append(f"{taken:.1f} s")
    told = "  ".join(parts)
    made = Table.grid(padding=(0, 1))
    bar = ProgressBar(
        total=max(1, progress["steps"]),
        completed=progress["step"],
        width=max(4, width - len(told) - 2),
        complete_style="cyan",
        finished_style="green",
    )
    made.add_row(bar, Text(told, no_wrap=True, overflow="crop"))
    return made


def _measures(run: Run, silence: float) -> Text:
    parts = [f"{name} {show.number(value)}" for key, name in SERIES.items() if (value := show.last(run, key)) is not None]
    if run["status"] == "running" and silence > LONG_SILENCE_SECONDS:  # it is committed twice a second
        parts.insert(0, f"no news for {duration(silence)}")
    return Text("  ".join(parts))


def duration(seconds: float) -> str:
    """Tell a time that is left: 12 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
