"""axe on every view of the Lab, in both themes."""

from typing import Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.runs import grows, trained

SERIOUS = {"serious", "critical"}
Theme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def run(lab: str) -> str:
    """Return a run that is there to look at, and is a model by name."""
    with httpx.Client(base_url=lab, timeout=60) as api:
        run = trained(api, training={"steps": 300})
        api.put("/v1/models/spiral/aliases/production", json={"run": run}).raise_for_status()
    return run


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "view", ["/data", "/new", "/runs", "/runs/{run}", "/compare?ids={run}", "/models", "/models/spiral", "/use/run/{run}"]
)
def test_no_serious_finding(page: Page, lab: str, run: str, view: str, theme: Theme) -> None:
    """Nothing that axe calls serious or critical."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{lab}/#{view.format(run=run)}")
    page.wait_for_load_state("networkidle")
    if view == "/runs/{run}":
        grows(page, 100)
    found = Axe().run(page).response["violations"]
    told = [f"{rule['id']}: {node['target']}" for rule in found if rule["impact"] in SERIOUS for node in rule["nodes"]]
    assert told == []
