"""The commands of the README, docs/clients.md and docs/cli.md, pasted line by line, print what stands below them."""

from pathlib import Path

import pytest

from tests.live import ROOT, live_server
from tests.tour import matches, steps, walk


@pytest.mark.parametrize("document", ["README.md", "docs/clients.md", "docs/cli.md"])
def test_a_document_prints_what_it_says(document: str, tmp_path: Path) -> None:
    """Each block runs in one shell and prints what the document shows, but for what is marked with …."""
    tour = list(steps((ROOT / document).read_text()))
    assert sum(bool(output) for _, output in tour) >= 7
    with live_server(tmp_path / "data") as (url, _):
        walk(tour, url, tmp_path)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ('{"id":"run_…"}', '{"id":"run_01"}', True),
        ('{"id":"run_"}', '{"id":"run_01"}', False),
        ('{"a":1,\n "b":2}', '{"a":1,"b":2}', True),
        ('{"a":1,\n "b":2}', '{"a":1,"c":2}', False),
        ("a\nb", "ab", False),
        ("…1…2…3", "0 1 2 3", True),
        ("…1…2…3", "0 2 1 3", False),
        ("a…a", "a", False),
    ],
)
def test_the_check_above_can_fail(expected: str, printed: str, *, same: bool) -> None:
    """A wrong output is found; … stands for anything, and an indented line goes on the one above."""
    assert matches(expected, printed) is same
