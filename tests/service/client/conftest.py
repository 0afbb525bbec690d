"""A live server for the tests of the client, and both clients on it."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
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


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[[Callable[[httpx.Request], httpx.Response]], Any]]:
    """Make either client on a script that answers its requests."""
    made: list[Any] = []

    def connected(script: Callable[[httpx.Request], httpx.Response]) -> Any:
        transport = httpx.MockTransport(script)
        if request.param == "sync":
            made.append(Client("http://server", http=httpx.Client(transport=transport, timeout=5)))
        else:
            made.append(Blocking(AsyncClient("http://server", http=httpx.AsyncClient(transport=transport, timeout=5))))
        return made[-1]

    yield connected
    for client in made:
        client.close()
