"""From a database as it was found to runs that are placed, and back."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.executors.dispatcher import Dispatcher
from service.runs.api_keys import Keyring
from service.runs.deleting import Deleting
from service.store.migrate import upgrade
from service.store.unit import Database


@contextmanager
def placing(dispatcher: Dispatcher, keyring: Keyring, database: Database) -> Iterator[None]:
    """Migrate, see that a key is there if one is needed, and within place runs and delete what is left of deleted ones.

    The data directory is held by then.
    """
    upgrade(database.url)
    keyring.check()
    dispatcher.start()
    deleting = Deleting(database)
    deleting.start()
    try:
        yield
    finally:
        deleting.stop()
        dispatcher.stop()
