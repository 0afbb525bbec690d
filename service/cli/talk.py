"""What every command says: data on stdout, everything else on stderr, and each error as one sentence."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from service.cli.codes import ExitCode

if TYPE_CHECKING:
    from service.client import Client

PIPE_WIDTH = 200  # in a pipe nothing is folded: an id must stay whole


def console(*, stderr: bool = False) -> Console:
    """Return the terminal, or the pipe or file that stands for it. Rich honours NO_COLOR, COLUMNS and TERM=dumb."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal and made.width < PIPE_WIDTH:
        made.width = PIPE_WIDTH
    return made


def out_json(value: Any) -> None:
    """Write an object of the API to stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def note(text: str) -> None:
    """Say something on stderr that is not data."""
    console(stderr=True).print(Text(text, style="dim"), soft_wrap=True)


def fail(message: str, code: ExitCode = ExitCode.ERROR, *, hint: str | None = None, request_id: str | None = None) -> NoReturn:
    """Say what went wrong, and end."""
    terminal = console(stderr=True)
    terminal.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)
    if hint:
        terminal.print(Text.assemble(("hint: ", "bold cyan"), hint), soft_wrap=True)
    if request_id:
        terminal.print(Text(f"request id: {request_id}", style="dim"), soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def server(url: str | None) -> Iterator["Client"]:
    """Talk with a server; an error of the client ends the command with one sentence and its exit code."""
    from service.client import (  # noqa: PLC0415 (a quarter of a second that --help does not need)
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        Client,
        InvalidRequestError,
        NotFoundError,
    )

    try:
        with Client(url) as client:
            yield client
    except APITimeoutError as error:
        fail(str(error), ExitCode.UNREACHABLE)
    except APIConnectionError as error:
        fail(str(error), ExitCode.UNREACHABLE, hint="start a server with `postgrad serve`, or name another one with --url")
    except AuthenticationError as error:
        hint = "set POSTGRAD_API_KEY to the secret of a key; `postgrad keys create` makes one, where the server's data are"
        fail(str(error), ExitCode.ERROR, hint=hint, request_id=error.request_id)
    except APIStatusError as error:
        kinds = {NotFoundError: ExitCode.NOT_FOUND, InvalidRequestError: ExitCode.USAGE}
        fail(str(error), kinds.get(type(error), ExitCode.ERROR), request_id=error.request_id)
    except APIError as error:
        fail(str(error))
