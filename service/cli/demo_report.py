"""The demo's results as people read them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli import show
from service.cli.demo_checks import Check
from service.cli.demo_plan import IRIS, Result

BARS = "▁▂▃▄▅▆▇█"
CURVE_WIDTH = 14
WIDTH_WITH_CURVE = 100


def heading(terminal: Console, text: str) -> None:
    """Begin a part."""
    terminal.print()
    terminal.print(Text(text, style="bold"))


def results_table(terminal: Console, results: Iterable[Result]) -> Table:
    """Show each run in one row; the curve only where it fits."""
    numbers = ("Accuracy", "Held\nout", "Steps", "Time\nin s", "Steps\nper s")  # 79 columns without the curve
    curves = _unicode(terminal) and terminal.width >= WIDTH_WITH_CURVE
    made = show.table("  Model", "Data", "Loss", *(["Curve"] if curves else []), *numbers, right=numbers)
    for result in results:
        run, losses = result.run, result.losses
        steps, taken = run["progress"]["step"], show.seconds(run)
        made.add_row(
            f"  {result.plan.title}",
            result.plan.data,
            f"{_loss(losses[0])} → {_loss(losses[-1])}" if losses else show.NOTHING,
            *([Text(curve(losses), style="cyan")] if curves else []),
            Text(show.share(show.last(run, "train_accuracy")), style="bold"),
            show.share(show.last(run, "val_accuracy")),
            f"{steps:,}",
            show.NOTHING if taken is None else f"{taken:.2f}",
            f"{steps / taken:,.0f}" if taken else show.NOTHING,
        )
    return made


def curve(losses: list[float | None]) -> str:
    """Draw a loss history as a row of bars, from its lowest to its highest value; half of them show the first quarter."""
    known = [loss for loss in losses if loss is not None]
    if not known:
        return ""
    count = min(CURVE_WIDTH, len(known))
    picked = [known[max(i, round((i / max(1, count - 1)) ** 2 * (len(known) - 1)))] for i in range(count)]
    low, high = min(picked), max(picked)
    return "".join(BARS[round((value - low) / ((high - low) or 1) * (len(BARS) - 1))] for value in picked)


def checks_table(terminal: Console, checks: Iterable[Check]) -> Table:
    """Show each check with a tick or a cross."""
    yes, no = ("✓", "✗") if _unicode(terminal) else ("ok", "NO")
    made = show.table("", "", "", "got", "expected", "", right=("got", "expected"))
    for check in checks:
        tick = Text(f"  {yes}", style="green") if check.holds else Text(f"  {no}", style="bold red")
        made.add_row(tick, check.title, check.what, check.got, check.expected, Text(check.source, style="dim"))
    return made


def curl_lines(results: Mapping[str, Result], url: str | None) -> list[str]:
    """Return shell lines that do the same: with the address and the ids of a server that is kept, or for any other."""
    run = results["net"].run["id"] if url else "run_…"
    body = json.dumps(results["net"].plan.body)
    json_type = "-H 'Content-Type: application/json'"
    lines = [
        f"POSTGRAD={url or 'http://127.0.0.1:8000'}",
        f"curl -s $POSTGRAD/v1/runs {json_type} \\",
        f"  -d '{body}'",
        f"RUN={run}" + ("" if url else "    # the id in the answer"),
        "curl -s $POSTGRAD/v1/runs/$RUN",
        "curl -s $POSTGRAD/v1/runs/$RUN/loss-history",
        f"curl -s $POSTGRAD/v1/runs/$RUN/predict {json_type} -d '{{\"inputs\": [[0.5, 0.2], [-0.3, 0.4]]}}'",
    ]
    if "iris" in results:
        here = Path.cwd()
        file = IRIS.relative_to(here) if IRIS.is_relative_to(here) else IRIS
        lines.append(f"curl -s $POSTGRAD/v1/datasets/upload -F file=@{file} -F label=species")
    return lines


def _loss(value: float | None) -> str:
    return show.NOTHING if value is None else f"{value:.3f}"


def _unicode(terminal: Console) -> bool:
    return terminal.encoding.lower().startswith("utf")
