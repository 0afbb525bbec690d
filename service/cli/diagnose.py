"""The command `postgrad runs diagnose`."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli import show, talk
from service.cli.options import Curl, Json, RunId, Url

Checkpoint = Annotated[str, typer.Option(help="latest, best, a step, or the id of a checkpoint.")]
STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}


def diagnose(
    run_id: RunId, *, checkpoint: Checkpoint = "latest", as_json: Json = False, curl: Curl = False, url: Url = None
) -> None:
    """Say what is wrong with a run, if anything, and what to try."""
    with talk.server(url, curl=curl) as client:
        answer = client.runs.diagnostics(run_id, checkpoint)
    if as_json:
        talk.out_json(answer)
    else:
        talk.console().print(details(answer))


def details(answer: show.Object) -> Group:
    """Show what was found: the hints first, then the measures."""
    parts: list[RenderableType] = [_hints(answer["hints"]), "", _facts(answer)]
    if answer["per_class"]:
        parts += ["", _classes(answer)]
    return Group(*parts)


def _hints(hints: Sequence[show.Object]) -> RenderableType:
    if not hints:
        return Text("nothing looks wrong", style="green")
    made = Table.grid(padding=(0, 2))
    made.add_column(no_wrap=True)
    made.add_column()
    for hint in hints:
        made.add_row(Text(hint["severity"], style=STYLES[hint["severity"]]), Text(hint["message"]))
        made.add_row("", Text(f"→ {hint['suggestion']}", style="bold"))
    return made


def _facts(answer: show.Object) -> Table:
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column()
    made.add_row("Checkpoint", f"{answer['checkpoint']}, step {answer['step']:,}")
    made.add_row("Gradient", Text(_gradient(answer["gradient_check"])))
    if first := answer["first_loss"]:
        verdict = "as expected" if first["ok"] else "not as expected"
        made.add_row("First loss", f"{show.number(first['loss'])}, {verdict} ({show.number(first['expected'])})")
    for layer in answer["dead_units"]:
        made.add_row(f"Layer {layer['layer']}", f"{layer['dead']:,} of {layer['units']:,} ReLUs are dead")
    if answer["update_ratio"] is not None:
        made.add_row("Last update", f"{answer['update_ratio']:.2g} of the parameters")
    if answer["accuracy"] is not None:
        made.add_row("Accuracy", f"{show.share(answer['accuracy'])} on {answer['examples']:,} examples")
    return made


def _gradient(check: show.Object) -> str:
    verdict = {True: "right", False: "wrong", None: "unsure"}[check["ok"]]
    if check["relative_error"] is not None:
        verdict += f", relative error {check['relative_error']:.1e} on {check['examples']:,} examples"
    return f"{verdict}; {check['note']}" if check["note"] else verdict


def _classes(answer: show.Object) -> Table:
    """Show the confusion matrix, row by row of true classes, with recall and precision; of many classes only those two."""
    labels = [str(label) for label in answer["classes"]]
    shown = [f"→ {label}" for label in labels] if len(labels) <= 10 else []
    made = show.table("Class", *shown, "Precision", "Recall", right=[*shown, "Precision", "Recall"])
    for label, row, found in zip(labels, answer["confusion_matrix"], answer["per_class"], strict=True):
        counts = [f"{count:,}" for count in row] if shown else []
        made.add_row(Text(label), *counts, show.share(found["precision"]), show.share(found["recall"]))
    return made
