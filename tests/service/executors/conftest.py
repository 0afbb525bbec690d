"""Executors place the runs of a migrated database."""

from tests.service.store.conftest import database, url

__all__ = ["database", "url"]
