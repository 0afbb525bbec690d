"""What every command says: data on stdout, everything else on stderr, and each error as one sentence."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from service.cli.codes import ExitCode

if TYPE_CHECKING:
    from service.client import APIError, Client

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
def server(url: str | None, *, curl: bool = False, options: Sequence[str] = (), then_more: bool = False) -> Iterator["Client"]:
    """Talk with a server; an error of the client ends the command with one sentence and its exit code.

    With `curl` the first request is written as a curl command with these `options`, and the command ends.
    """
    from service.client import APIError, Client  # noqa: PLC0415 (a quarter of a second that --help does not need)

    try:
        if curl:
            from service.cli.print_curl import PrintingClient  # noqa: PLC0415 (as above)

            client: Client = PrintingClient(url, options, then_more=then_more)
        else:
            client = Client(url)
        with client:
            yield client
    except APIError as error:
        code, hint = verdict(error)
        fail(str(error), code, hint=hint, request_id=getattr(error, "request_id", None))


def verdict(error: "APIError") -> tuple[ExitCode, str | None]:
    """Return the exit code for an error of the client, and what to do about it."""
    from service import client  # noqa: PLC0415 (as above)

    if isinstance(error, client.AuthenticationError):
        hint = "set POSTGRAD_API_KEY to the secret of a key; `postgrad keys create` makes one, where the server's data are"
        return ExitCode.NOT_ALLOWED, hint
    if isinstance(error, client.APIConnectionError):
        away = not isinstance(error, client.APITimeoutError)
        return ExitCode.UNREACHABLE, "start a server with `postgrad serve`, or name another one with --url" if away else None
    kinds = {
        client.ForbiddenError: ExitCode.NOT_ALLOWED,
        client.NotFoundError: ExitCode.NOT_FOUND,
        client.InvalidRequestError: ExitCode.USAGE,
    }
    return next((code for kind, code in kinds.items() if isinstance(error, kind)), ExitCode.ERROR), None
