"""The pages of docs/api do what they say, and leave no route without an example."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.api import mlflow
from service.app import create_app
from service.settings import Settings
from tests.live import ROOT, live_server
from tests.tour import steps, walk

PAGES = sorted((ROOT / "docs/api").glob("*.md"))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Paste every page into a shell of its own, against one server; return the routes that answered well, by its log."""
    home = tmp_path_factory.mktemp("pages")
    # The page about keys has to delete its last one on the database itself: it would close the server to the other pages.
    with live_server(home / "data", POSTGRAD_LOG_FORMAT="json") as (url, _), pytest.MonkeyPatch.context() as environment:
        environment.setenv("POSTGRAD_DATA_DIR", str(home / "data"))
        for page in PAGES:
            walk(steps(page.read_text()), url, home)
    lines = [json.loads(line) for line in (home / "data.log").read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert not [line for line in requests if line["status"] >= 500]
    return {f"{line['method']} {line['route']}" for line in requests if line["status"] < 400}


def test_every_route_has_an_example(shown: set[str]) -> None:
    """Each route of the OpenAPI document is asked by a page, with success."""
    paths = create_app(Settings()).openapi()["paths"]
    there = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert there - shown == set()


def test_every_route_of_mlflow_has_an_example(shown: set[str]) -> None:
    """So is each of MLflow's that has an answer."""
    routes: list[Any] = [route for part in mlflow.PARTS[:-1] for route in part.routes]
    there = {f"{method} {route.path}" for route in routes for method in route.methods}
    assert there - shown == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_shows_what_is_answered(page: Path) -> None:
    """A page is not only commands: most print what a reader should compare."""
    printed = [bool(output) for _, output in steps(page.read_text())]
    assert sum(printed) > len(printed) / 2
