"""The command `postgrad serve`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from service.blas import use_one_thread
from service.cli.configure import configure

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]
Host = Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one [default: 8000].")]
DataDir = Annotated[Path | None, typer.Option(help="Directory of the database [default: data].")]
Workers = Annotated[int | None, typer.Option(help="Worker processes; 0 only queues [default: 2, or 1 on one core].")]
Processes = Annotated[int | None, typer.Option(help="Processes that answer requests [default: 1].")]
Level = Annotated[LogLevel | None, typer.Option(help="How much to log [default: info].")]
Form = Annotated[
    LogFormat | None, typer.Option(help="How lines of the log look [default: auto: text on a terminal, else JSON].")
]


def serve(
    *,
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    processes: Processes = None,
    log_level: Level = None,
    log_format: Form = None,
) -> None:
    """Start the server: the API, its workers and the database, migrated if need be.

    Each flag has a variable: --data-dir is POSTGRAD_DATA_DIR. A flag wins over the variable, that over `.env`.
    """
    use_one_thread()
    settings = configure(
        host=host,
        port=port,
        data_dir=data_dir,
        workers=workers,
        processes=processes,
        log_level=log_level,
        log_format=log_format,
    )
    # Both load NumPy, which must find the variables set.
    if settings.processes == 1:
        from service.cli.server import run  # noqa: PLC0415
    else:
        from service.cli.processes import run  # noqa: PLC0415 (nor would it answer a request)
    run(settings)
