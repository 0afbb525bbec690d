"""A migrated database in a temporary directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.migrate import upgrade
from service.store.unit import Database


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a migrated database."""
    address = f"sqlite:///{tmp_path / 'test.sqlite3'}"
    upgrade(address)
    return address


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Open it."""
    opened = Database(url)
    yield opened
    opened.close()
