"""The tables and results.json."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.growth import Cost
from bench.parity import STEPS, TOLERANCE, Comparison
from bench.verdicts import Result

MARK = {True: "[green]yes[/]", False: "[red]NO[/]", None: ""}
SHOWN = {"µs": lambda s: s * 1e6, "ms": lambda s: s * 1e3, "s": lambda s: s, "/s": lambda s: 1 / s, "MB": lambda b: b / 1e6}
"""How a value is printed: seconds, of memory bytes."""
console = Console(width=None if Console().is_terminal else 140)


def show_parity(comparisons: Sequence[Comparison]) -> None:
    """Print how far the losses are apart."""
    peers = list(comparisons[0].differences)
    table = Table("model", "data", "our loss", *peers, "agree", title=f"Parity: |loss - ours| after {STEPS} steps, float64")
    for row in comparisons:
        distances = [f"{row.differences[peer]:.0e}" if peer in row.differences else "–" for peer in peers]
        table.add_row(row.model, row.data, f"{row.loss:.6f}", *distances, MARK[row.agrees])
    table.caption = f"at most {TOLERANCE:g}; scikit-learn has no multiclass hinge"
    console.print(table)


def show_result(result: Result) -> None:
    """Print a row as soon as it is measured."""
    table = Table(title=result.title, title_justify="left", min_width=110)
    table.add_column("ours", min_width=16)
    table.add_column("peer", min_width=40)
    for name in (f"ours {result.unit}", f"peer {result.unit}", "ratio", "target"):
        table.add_column(name, justify="right", min_width=8)
    table.add_column("reached")
    for it in result.verdicts:
        values = [f"{SHOWN[result.unit](value):,.1f}" for value in (it.ours_seconds, it.peer_seconds)]
        table.add_row(it.ours, it.peer, *values, f"{it.ratio:.2f}", it.target, MARK[it.reached])
    console.print(table)


def show_growth(costs: Sequence[Cost]) -> None:
    """Print how the cost grows."""
    table = Table("size", "µs a step, 1 thread", "2 threads", "2 threads pay", title=Cost.__doc__, title_justify="left")
    for cost in costs:
        gain = cost.one_thread / cost.two_threads
        times = [f"{seconds * 1e6:,.1f}" for seconds in (cost.one_thread, cost.two_threads)]
        table.add_row(f"{cost.letter} = {cost.value}", *times, f"{gain:.2f}×")
    console.print(table)


def show_summary(results: Sequence[Result]) -> None:
    """Print what was not reached."""
    judged = [(result, verdict) for result in results for verdict in result.verdicts if verdict.reached is not None]
    missed = [pair for pair in judged if not pair[1].reached]
    console.print(f"{len(judged) - len(missed)} of {len(judged)} targets reached")
    for result, it in missed:
        console.print(f"  not reached: {result.title}: {it.ratio:.2f} times {it.peer}, target {it.target}", highlight=False)


def write_json(
    path: Path,
    machine: dict[str, str | int | float],
    comparisons: Sequence[Comparison],
    results: Sequence[Result],
    costs: Sequence[Cost],
) -> None:
    """Write everything, each turn included; values are seconds, or bytes where `unit` is MB."""
    rows = [
        {
            "title": result.title,
            "unit": result.unit,
            "fastest": result.fastest,
            "verdicts": [asdict(it) | {"ratio": round(it.ratio, 4)} for it in result.verdicts],
            "turns": {name: [float(f"{seconds:.4g}") for seconds in taken] for name, taken in result.times.items()},
        }
        for result in results
    ]
    everything = {
        "machine": machine,
        "parity": [asdict(row) | {"agrees": row.agrees} for row in comparisons],
        "rows": rows,
        "growth": [asdict(cost) for cost in costs],
    }
    path.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")
