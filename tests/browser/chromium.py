"""The browser that the Lab is tested in."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def launched(playwright: Playwright) -> Browser:
    """Start the Chromium of this machine, or what CHROMIUM names."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "the Lab is tested in Chromium. On Debian: apt-get install chromium; or set CHROMIUM to its path"
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
