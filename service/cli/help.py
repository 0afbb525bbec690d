"""The command `postgrad help`: what is true of every command."""

import sys
from importlib.resources import files
from typing import Annotated, Literal

import typer

from service.cli import show, talk
from service.cli.codes import MEANINGS

Topic = Annotated[
    Literal["exit-codes", "json-lines"] | None,
    typer.Argument(help="exit-codes: what each of them means. json-lines: the JSON Schema of what --follow --json writes."),
]


def help_on(topic: Topic = None) -> None:
    """Explain what several commands have in common."""
    if topic == "exit-codes":
        table = show.table("Code", "Meaning", right=("Code",))
        for code, meaning in MEANINGS.items():
            table.add_row(f"{code:d}", meaning)
        talk.console().print(table)
    elif topic == "json-lines":
        sys.stdout.write(schema())
    else:
        typer.echo("postgrad help exit-codes    what each exit code means")
        typer.echo("postgrad help json-lines    the JSON Schema of the lines of --follow --json")
        typer.echo("postgrad COMMAND --help     the flags of a command")


def schema() -> str:
    """Return the JSON Schema of a line of `train --follow --json` and `runs watch --json`."""
    return (files("service.cli") / "lines.schema.json").read_text("utf-8")
