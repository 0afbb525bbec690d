"""A real browser on a real server: Chromium, driven by Playwright, and `postgrad serve` in a process of its own."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.browser.chromium import launched
from tests.live import live_server
from tests.tools import need

REFUSED = "Failed to load resource"  # Chromium's own line for an answer of 4xx, which the page shows where it belongs
PATIENCE_MS = 60_000  # it costs nothing but where something is wrong
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a browser. Playwright keeps an event loop of its own running, so not beside the tests of other files."""
    need("libatomic")
    with launched(need("chromium")) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a server for all tests that do not end it; return its URL."""
    data = tmp_path_factory.mktemp("lab") / "data"
    with live_server(data, POSTGRAD_WORKERS="2", POSTGRAD_COMMIT_INTERVAL_SECONDS="0.1") as (url, _):
        yield url


@pytest.fixture
def api(lab: str) -> Iterator[httpx.Client]:
    """Return a client of the same server."""
    with httpx.Client(base_url=lab, timeout=90) as client:
        yield client


class Watched:
    """What a page did that it must not do."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REFUSED):
            self.errors.append(message.text)

    def _see(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.foreign.append(request.url)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page of its own; at the end, it has asked no other host and had no error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    watched = Watched(page)
    yield page
    context.close()
    assert watched.foreign == []
    assert watched.errors == []
