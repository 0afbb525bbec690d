"""Runs, datasets and predictions as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

Object = Mapping[str, Any]

STYLES = {"queued": "yellow", "running": "cyan", "succeeded": "green", "failed": "red", "cancelled": "magenta"}
NOTHING = "–"


def number(value: float | None) -> str:
    """Show a measured number with four significant digits."""
    return NOTHING if value is None else f"{value:.4g}"


def share(value: float | None) -> str:
    """Show an accuracy."""
    return NOTHING if value is None else f"{value:.3f}"


def status_of(run: Object) -> Text:
    """Show the status of a run."""
    return Text(run["status"], style=STYLES.get(run["status"], ""))


def model_of(run: Object) -> str:
    """Name a run's model: softmax, mlp 100·50."""
    model = run["model"]
    return " ".join([model["kind"], "·".join(map(str, model.get("hidden_sizes") or [model.get("hidden_size", "")]))]).strip()


def data_of(run: Object) -> str:
    """Name a run's dataset: its kind, or its id."""
    return str(run["dataset"].get("id") or run["dataset"]["kind"])


def last(run: Object, series: str) -> float | None:
    """Return the last value of a series, or None."""
    value: float | None = run["metrics"].get(series, {}).get("last")
    return value


def seconds(run: Object) -> float | None:
    """Return how long a run has been trained, or None if it has not begun."""
    if not run["started_at"]:
        return None
    end = datetime.fromisoformat(run["finished_at"]) if run["finished_at"] else datetime.now(UTC)
    return (end - datetime.fromisoformat(run["started_at"])).total_seconds()


def line(run: Object) -> str:
    """Tell a run in one line: id, status, and what is known."""
    progress = run["progress"]
    parts = [f"{run['id']} {run['status']}", f"step {progress['step']:,} of {progress['steps']:,}"]
    names = {"loss": "loss", "train_accuracy": "accuracy", "val_accuracy": "held-out accuracy"}
    parts += [f"{name} {number(last(run, series))}" for series, name in names.items() if last(run, series) is not None]
    if run["finished_at"] and (taken := seconds(run)) is not None:
        parts.append(f"{taken:.1f} s")
    return ", ".join(parts)


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """Make an empty table without frames; the columns in `right` are numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return made


def fitting(rows: list[dict[str, Text]], width: int, *, drop: tuple[str, ...], right: Iterable[str]) -> Table:
    """Make a table no wider than the terminal by leaving out whole columns, the first of `drop` first: an id stays whole."""
    names = list(rows[0])
    widths = {name: max(cell_len(name), *(row[name].cell_len for row in rows)) for name in names}
    for name in drop:
        if sum(widths[kept] + 2 for kept in names) - 2 > width:
            names.remove(name)
    made = table(*names, right=right)
    made.columns[0].min_width = widths[names[0]]
    for row in rows:
        made.add_row(*(row[name] for name in names))
    return made


def runs_table(runs: Sequence[Object], width: int) -> Table:
    """Show a list of runs."""
    rows = []
    for run in runs:
        step, steps = run["progress"]["step"], run["progress"]["steps"]
        row = {
            "Id": run["id"],
            "Status": status_of(run),
            "Model": model_of(run),
            "Data": data_of(run),
            "Steps": f"{steps:,}" if step == steps else f"{step:,} of {steps:,}",
            "Loss": number(last(run, "loss")),
            "Accuracy": share(last(run, "train_accuracy")),
            "Held out": share(last(run, "val_accuracy")),
            "Created": _moment(run["created_at"]),
            "Name": run["name"] or "",
        }
        rows.append({name: Text(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
    drop = ("Name", "Created", "Data", "Held out", "Steps", "Loss")
    return fitting(rows, width, drop=drop, right=("Steps", "Loss", "Accuracy", "Held out"))


def run_details(run: Object) -> Group:
    """Show everything about a run."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    reason = f" ({run['stop_reason'].replace('_', ' ')})" if run["stop_reason"] else ""
    facts.add_row("Run", Text(run["id"]))
    if run["name"]:
        facts.add_row("Name", Text(run["name"]))
    facts.add_row("Status", status_of(run) + reason)
    for part in ("dataset", "model", "optimizer", "training"):
        facts.add_row(part.capitalize(), Text(_settings(run[part])))
    rate = run["progress"]["steps_per_second"]
    facts.add_row(
        "Progress", f"step {run['progress']['step']:,} of {run['progress']['steps']:,}" + (f", {rate:,.0f}/s" if rate else "")
    )
    facts.add_row("Times", _times(run))
    if run["tags"]:
        facts.add_row("Tags", Text(", ".join(f"{key}={value}" for key, value in run["tags"].items())))
    if run["weights_digest"]:
        facts.add_row("Weights", run["weights_digest"])
    if run["error"]:
        facts.add_row("Error", Text(run["error"].get("detail", ""), style="red"))
    return Group(facts, "", _series(run)) if run["metrics"] else Group(facts)


def _settings(part: Object) -> str:
    given = [f"{name} {_plain(value)}" for name, value in part.items() if name != "kind" and value is not None]
    return ", ".join([part["kind"], *given] if "kind" in part else given)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "·".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _times(run: Object) -> str:
    taken = seconds(run)
    parts = [f"created {_moment(run['created_at'])}"]
    if taken is not None:
        parts.append(f"trained for {taken:.2f} s")
    if run["attempt"] > 1:
        parts.append(f"attempt {run['attempt']}")
    return ", ".join(parts)


def _series(run: Object) -> Table:
    made = table("Series", "Last", "Best", "At step", right=("Last", "Best", "At step"))
    for name, summary in run["metrics"].items():
        at = NOTHING if summary["best_step"] is None else f"{summary['best_step']:,}"
        made.add_row(name, number(summary["last"]), number(summary["best"]), at)
    return made


def datasets_table(datasets: Sequence[Object], width: int) -> Table:
    """Show a list of datasets."""
    rows = []
    for data in datasets:
        names = [str(label) for label in data["classes"]] if data["statistics"] else [f"{len(data['classes']):,} characters"]
        row = {
            "Id": data["id"],
            "Name": data["name"],
            "Kind": data["kind"],
            "Examples": f"{data['examples']:,}",
            "Features": f"{len(data['features']):,}",
            "Classes": ", ".join(names if len(names) <= 5 else [*names[:4], f"… {len(names)} in all"]),
            "Created": _moment(data["created_at"]),
        }
        rows.append({name: Text(cell) for name, cell in row.items()})
    return fitting(rows, width, drop=("Created", "Classes", "Kind", "Features"), right=("Examples", "Features"))


def predictions_table(answer: Object) -> Table:
    """Show predictions: the label of each row, then the probability, or for an svm the score, of each class."""
    values = answer["probabilities"] or answer["scores"]
    kind = "p" if answer["probabilities"] else "score"
    columns = [f"{kind}({label})" for label in answer["classes"]]
    made = table("Label", *columns, right=columns)
    for label, row in zip(answer["labels"], values, strict=True):
        made.add_row(Text(str(label)), *(f"{value:.4f}" for value in row))
    return made


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
