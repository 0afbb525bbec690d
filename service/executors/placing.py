"""From a database as it was found to runs that are placed, and back."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.executors.dispatcher import Dispatcher
from service.runs.api_keys import Keyring
from service.store.migrate import upgrade


@contextmanager
def placing(dispatcher: Dispatcher, keyring: Keyring, url: str) -> Iterator[None]:
    """Migrate, see that a key is there if one is needed, and place runs within. The data directory is held by then."""
    upgrade(url)
    keyring.check()
    dispatcher.start()
    try:
        yield
    finally:
        dispatcher.stop()
