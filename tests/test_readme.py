"""The tour of the README and the examples of docs/clients.md, pasted line by line, do what they print."""

from pathlib import Path

from tests.live import ROOT, live_server
from tests.tour import matches, steps, walk


def test_the_tour_prints_what_it_says(tmp_path: Path) -> None:
    """Each block of the tour runs in one shell and prints what the README shows, but for what is marked with …."""
    text = (ROOT / "README.md").read_text().partition("and go on in another")[2].partition("All routes, with a form")[0]
    tour = list(steps(text))
    assert sum(bool(output) for _, output in tour) >= 7
    with live_server(tmp_path / "data") as (url, _):
        walk(tour, url, tmp_path)


def test_other_clients_get_what_the_document_says(tmp_path: Path) -> None:
    """So does each block of docs/clients.md."""
    tour = list(steps((ROOT / "docs/clients.md").read_text()))
    assert sum(bool(output) for _, output in tour) >= 4
    with live_server(tmp_path / "data") as (url, _):
        walk(tour, url, tmp_path)


def test_the_check_above_can_fail() -> None:
    """A wrong output is found: an expectation without its wildcard does not match."""
    assert matches('{"id":"run_…"}', '{"id":"run_01"}')
    assert not matches('{"id":"run_"}', '{"id":"run_01"}')
