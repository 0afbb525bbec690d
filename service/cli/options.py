"""Flags that several commands have."""

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(envvar="POSTGRAD_URL", help="Address of the server [default: http://127.0.0.1:8000].", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Write the API's JSON to stdout.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="Show at most so many.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="Id of the run.")]
