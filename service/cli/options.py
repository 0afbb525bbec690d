"""Flags that several commands have."""

from typing import Annotated

import typer

from service.cli.complete import run_ids

Url = Annotated[
    str | None,
    typer.Option(envvar="POSTGRAD_URL", help="Address of the server [default: http://127.0.0.1:8000].", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Write the API's JSON to stdout.")]
Curl = Annotated[bool, typer.Option("--print-curl", help="Write the curl command that does the same, and send nothing.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="Show at most so many.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="Id of the run.", autocompletion=run_ids)]
RunIds = Annotated[list[str], typer.Argument(metavar="ID…", help="Ids of runs.", autocompletion=run_ids)]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0, help="Stop watching after so long, with exit code 124; the run goes on."),
]
