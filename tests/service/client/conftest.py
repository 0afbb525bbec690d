"""A live server for the tests of the client, and both clients on it."""

from collections.abc import Iterator
from typing import cast

import pytest

from service.client import AsyncClient, Client
from tests.live import live_server
from tests.service.client.blocking import Blocking


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a live server."""
    with live_server(tmp_path_factory.mktemp("client") / "data") as (url, _):
        yield url


@pytest.fixture(params=["sync", "async"])
def client(url: str, request: pytest.FixtureRequest) -> Iterator[Client]:
    """One client after the other."""
    made = Client(url) if request.param == "sync" else cast("Client", Blocking(AsyncClient(url)))
    try:
        yield made
    finally:
        made.close()
