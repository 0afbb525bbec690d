"""Run by Alembic: with the connection of `service.store.migrate`, or its own when called from the command line."""

from alembic import context
from sqlalchemy import Connection

from service.settings import Settings
from service.store import tables
from service.store.engine import make_migrator


def migrate(connection: Connection) -> None:
    """Bring the database at the other end of a connection up to date."""
    context.configure(connection=connection, target_metadata=tables.runs.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with make_migrator(Settings().url).begin() as own:
        migrate(own)
