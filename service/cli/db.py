"""The command `postgrad db upgrade`."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.configure import configure, not_started

app = typer.Typer(no_args_is_help=True, help="Look after the database.")

DataDir = Annotated[Path | None, typer.Option(help="Directory of the database [default: POSTGRAD_DATA_DIR, or data].")]


@app.command("upgrade")
def upgrade_database(*, data_dir: DataDir = None) -> None:
    """Bring the database to the tables of this version, as `serve` does at its start; write the revision."""
    settings = configure(data_dir=data_dir)
    from service.store.migrate import upgrade  # noqa: PLC0415 (SQLAlchemy, which --help does not need)

    try:
        revision = upgrade(settings.url)
    except Exception as error:  # noqa: BLE001 (whatever it is, the database was not changed)
        not_started(error)
    typer.echo(revision)
