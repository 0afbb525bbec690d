"""The command `postgrad serve`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from service.blas import use_one_thread
from service.cli.configure import configure

LogLevel = Literal["debug", "info", "warning", "error"]
Host = Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one [default: 8000].")]
DataDir = Annotated[Path | None, typer.Option(help="Directory of the database [default: data].")]
Workers = Annotated[int | None, typer.Option(help="Worker processes; 0 only queues [default: 2, or 1 on one core].")]
Level = Annotated[LogLevel, typer.Option(envvar="POSTGRAD_LOG_LEVEL", help="How much to log; debug logs each request.")]


def serve(
    *, host: Host = None, port: Port = None, data_dir: DataDir = None, workers: Workers = None, log_level: Level = "info"
) -> None:
    """Start the server: the API, its workers and the database, migrated if need be.

    Each flag has a variable: --data-dir is POSTGRAD_DATA_DIR. A flag wins over the variable, that over `.env`.
    """
    use_one_thread()
    settings = configure(host=host, port=port, data_dir=data_dir, workers=workers)
    from service.cli.server import run  # noqa: PLC0415 (loads NumPy, which must find the variables set)

    run(settings, log_level)
