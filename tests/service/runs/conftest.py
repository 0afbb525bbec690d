"""The use cases work on a migrated database."""

import pytest

from core.types import never
from service.runs import execute
from tests.service.store.conftest import database, url

__all__ = ["database", "url"]


@pytest.fixture(autouse=True)
def _asked_between_steps_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an attempt be asked to stop once for each step: tests count that. tests/faults/test_evaluations.py has the rest."""
    monkeypatch.setattr(execute, "Interruption", lambda *_: never)
