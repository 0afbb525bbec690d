"""The command `postgrad doctor`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.blas import use_one_thread
from service.cli import talk
from service.cli.configure import configure
from service.cli.doctor_checks import Part, database_part, programs_part
from service.cli.doctor_server import server_part
from service.cli.doctor_settings import settings_part
from service.cli.options import Url

DataDir = Annotated[Path | None, typer.Option(help="Directory of the database [default: POSTGRAD_DATA_DIR, or data].")]
Json = Annotated[bool, typer.Option("--json", help="Write what was found as one JSON object.")]


def doctor(*, data_dir: DataDir = None, as_json: Json = False, url: Url = None) -> None:
    """Look at settings, database, server and libraries, and say what is wrong and what to do. It changes nothing.

    The exit code is that of the first problem, 0 if there is none.
    """
    use_one_thread()
    settings = configure(data_dir=data_dir)
    parts = [settings_part(settings, {"data_dir"} if data_dir else set()), programs_part(), database_part(settings)]
    parts.append(server_part(url))
    problems = [problem for part in parts for problem in part.problems]
    if as_json:
        talk.out_json(_plain(parts))
    else:
        _show(talk.console(), parts)
    if problems:
        raise typer.Exit(problems[0].code)


def _plain(parts: Sequence[Part]) -> dict[str, Any]:
    problems = [
        {"part": part.name, "message": problem.message, "hint": problem.hint, "exit_code": int(problem.code)}
        for part in parts
        for problem in part.problems
    ]
    return {"object": "diagnosis", "ok": not problems, **{part.name: part.facts for part in parts}, "problems": problems}


def _show(terminal: Console, parts: Sequence[Part]) -> None:
    for part in parts:
        terminal.print(Text(part.name.capitalize(), style="bold"))
        table = Table.grid(padding=(0, 2))
        for name, fact in part.facts.items():
            value, source = (fact["value"], fact["source"]) if isinstance(fact, dict) else (fact, "")
            shown = name if name.isupper() else name.replace("_", " ")
            table.add_row(f"  {shown}", Text(_said(value)), Text(source, style="" if source != "default" else "dim"))
        terminal.print(table)
        terminal.print()
    problems = [problem for part in parts for problem in part.problems]
    for problem in problems:
        terminal.print(Text.assemble(("problem: ", "bold red"), problem.message), soft_wrap=True)
        terminal.print(Text.assemble(("  → ", "bold cyan"), problem.hint), soft_wrap=True)
    if not problems:
        terminal.print(Text("nothing looks wrong", style="green"))


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not set"
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return f"{whole:,}" if isinstance(whole, int) and whole >= 10_000 else str(whole)
