"""The commands `postgrad keys …`: create, ls, rm. They work on the database itself: the first key comes before the server."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from service.actor import Permission
from service.cli import show, talk
from service.cli.codes import ExitCode
from service.cli.configure import configure, not_started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.store.unit import Database

app = typer.Typer(no_args_is_help=True, help="Say who may ask the server: API keys. They are made in its database.")

DataDir = Annotated[Path | None, typer.Option(help="Directory of the database [default: POSTGRAD_DATA_DIR, or data].")]
Scopes = Annotated[list[Permission], typer.Option("--scope", help="May be given again. `train` includes read, `admin` both.")]
Days = Annotated[float | None, typer.Option(min=0.0001, max=36500, help="Days until it ends [default: it does not].")]
Owner = Annotated[str | None, typer.Option(metavar="KEY_ID", help="Whose things it sees and makes [default: its own].")]
Claim = Annotated[bool, typer.Option("--claim", help="Give it all that was made before there were keys.")]


@contextmanager
def _database(data_dir: Path | None) -> "Iterator[Database]":
    settings = configure(data_dir=data_dir)
    from service.errors import InvalidInput, NotFound, ServiceError  # noqa: PLC0415 (--help does not need what follows)
    from service.store.migrate import upgrade  # noqa: PLC0415
    from service.store.unit import Database  # noqa: PLC0415

    try:
        upgrade(settings.url)
    except Exception as error:  # noqa: BLE001 (whatever it is, the database was not changed)
        not_started(error)
    database = Database(settings.url, spends_reserve=True)
    try:
        yield database
    except ServiceError as error:
        kinds: dict[type[ServiceError], ExitCode] = {InvalidInput: ExitCode.USAGE, NotFound: ExitCode.NOT_FOUND}
        talk.fail(str(error), kinds.get(type(error), ExitCode.ERROR))
    finally:
        database.close()


@app.command()
def create(
    *, name: Annotated[str, typer.Option(help="What it is for.")], scope: Scopes, days: Days = None, owner: Owner = None,
    claim: Claim = False, data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Make a key and write its secret, this once: the server keeps none. From the first key on every request needs one."""
    from service.runs.api_keys import KeyRequest  # noqa: PLC0415 (SQLAlchemy, which --help does not need)
    from service.runs.api_keys import create as make  # noqa: PLC0415

    end = None if days is None else datetime.now(UTC) + timedelta(days=days)
    if not name.strip() or len(name) > 200 or not name.isprintable():
        talk.fail("--name must be 1 to 200 printable characters", ExitCode.USAGE)
    with _database(data_dir) as database:
        key, secret = make(database, KeyRequest(name=name, scopes=scope, expires_at=end, owner=owner, claim=claim))
    typer.echo(secret)
    talk.note(
        f"{key.id}, {', '.join(key.scopes)}; keep the secret, it is not shown again. Clients take it from POSTGRAD_API_KEY"
    )


@app.command()
def ls(*, data_dir: DataDir = None) -> None:
    """List the keys."""
    from service.runs.api_keys import page  # noqa: PLC0415

    with _database(data_dir) as database:
        keys = page(database, after=None, limit=1000, newest_first=False)
    if not keys:
        talk.note("there are no keys: a server on this machine is open to all who reach it")
        return
    table = show.table("Id", "Name", "Begins with", "Scopes", "Expires", "Last used", "Owner")
    for key in keys:
        owner = "" if key.owner == key.id else key.owner
        cells = (key.prefix, ", ".join(key.scopes), _moment(key.expires_at), _moment(key.last_used_at), owner)
        table.add_row(key.id, Text(key.name), *cells)
    talk.console().print(table)


@app.command()
def rm(key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key.")], *, data_dir: DataDir = None) -> None:
    """Delete a key; its next request is refused. Without any key a server on this machine is open again."""
    from service.runs.api_keys import delete  # noqa: PLC0415

    with _database(data_dir) as database:
        delete(database, key_id, last=True)


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
