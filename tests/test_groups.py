"""Tests that several processes share."""

import pytest

from tests.groups import APART, shared_in
from tests.live import ROOT


def test_files_whose_tests_are_dealt_out_singly_share_nothing(request: pytest.FixtureRequest) -> None:
    """Each of them is there, and none has a fixture that several processes would make again, as far as is collected."""
    assert [name for name in sorted(APART) if not (ROOT / name).exists()] == []
    assert shared_in(request.session.items) == set()
