"""The browser that the Lab is tested in."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.tools import TOOLS, reason


@contextmanager
def launched(path: str | None = None) -> Iterator[Browser]:
    """Start a Chromium, that of this machine if no other is named, and close it at the end."""
    found = path or TOOLS["chromium"].path()
    assert found, reason("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()
