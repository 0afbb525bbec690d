"""What the page shows as curl, httpx, client and command line does what it says, run by who pasted it."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.runs import trained
from tests.live import ROOT

SHELL = ("curl", "cli")
CARDS = {"Curves": 3, "Decision boundary": 3, "Is it healthy?": 4, "NumPy (.npz)": 4}


@pytest.mark.needs("curl")
@pytest.mark.parametrize(("card", "ways"), CARDS.items())
def test_each_way_of_a_request_works(page: Page, lab: str, api: httpx.Client, tmp_path: Path, card: str, ways: int) -> None:
    """All that a dialog of a run shows ends without an error; there are as many ways as the client and the commands know."""
    page.goto(f"{lab}/#/runs/{trained(api)}")
    page.locator(".watch-actions summary").click()
    page.get_by_role("button", name=f"API: {card}", exact=True).first.dispatch_event("click")
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(ways)
    commands = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    for i in range(ways):
        tabs.nth(i).click()
        way = str(tabs.nth(i).get_attribute("id")).removeprefix("api-tab-")
        text = page.locator("#api-panel").inner_text()
        folder = tmp_path / way
        folder.mkdir()
        run = ["sh", "-c", text] if way in SHELL else [sys.executable, "-c", text]
        done = subprocess.run(run, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, text + done.stderr
        assert '"code":' not in done.stdout
        assert done.stdout or list(folder.iterdir())
