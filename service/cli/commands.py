"""All commands. They start fast: NumPy, FastAPI and SQLAlchemy load only in the commands that need them."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from service.cli import data, db, keys, models, runs
from service.cli.codes import EXIT_CODES
from service.cli.demo import demo
from service.cli.doctor import doctor
from service.cli.export import export
from service.cli.generate import generate
from service.cli.help import help_on
from service.cli.predict import predict
from service.cli.serve import serve
from service.cli.train import train

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _version(*, value: bool) -> None:
    if value:
        from importlib.metadata import version  # noqa: PLC0415 (only here)

        typer.echo(f"postgrad {version('postgrad')}")
        raise typer.Exit


@app.callback()
def postgrad(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Write the version.")] = False,  # noqa: ARG001
) -> None:
    """POST data, descend the gradient, GET a model.

    `postgrad demo` shows what it does; `postgrad serve` starts a server; the other commands talk with one.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without UTF-8 gets a question mark for an arrow, not an error
            stream.reconfigure(errors="replace")


app.command()(serve)
app.command()(train)
app.add_typer(runs.app, name="runs")
app.command()(predict)
app.command()(generate)
app.command()(export)
app.add_typer(models.app, name="models")
app.add_typer(data.app, name="data")
app.add_typer(keys.app, name="keys")
app.add_typer(db.app, name="db")
app.command()(demo)
app.command()(doctor)
app.command(name="help")(help_on)

__all__ = ["app"]
