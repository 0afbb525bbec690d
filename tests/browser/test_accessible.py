"""axe on every view of the Lab, in both themes."""

from collections.abc import Callable
from typing import Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.runs import grows, trained

SERIOUS = {"serious", "critical"}
SETTLED = """async () => {
  do {
    document.getAnimations().forEach(one => one.finish());  // transitions of colours, also of those that are inherited
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  } while (document.getAnimations().length);
}"""
Theme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def run(lab: str) -> str:
    """Return a run that is there to look at, and is a model by name."""
    with httpx.Client(base_url=lab, timeout=90) as api:
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
    assert findings(page) == []


def findings(page: Page) -> list[str]:
    """Return what axe calls serious or critical."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in found if rule["impact"] in SERIOUS for node in rule["nodes"]]


def press(page: Page, *names: str) -> None:
    """Press buttons one after the other, each in the dialog that is open, if there is one."""
    for name in names:
        within = page.locator("dialog").last if page.locator("dialog").count() else page.locator("body")
        within.get_by_role("button", name=name, exact=True).first.click()


def refused(page: Page) -> None:
    """Send a dialog that is wrong."""
    press(page, "Extend")
    page.get_by_label("Steps in all").fill("")
    press(page, "Extend")
    page.locator("[aria-invalid=true]").wait_for()


def deleting(page: Page) -> None:
    """Be asked whether a run may go."""
    page.locator(".run-menu-button").first.click()
    press(page, "Delete run")


OPENED: dict[str, tuple[str, Callable[[Page], None], str]] = {
    "extend": ("/runs/{run}", lambda page: press(page, "Extend"), "dialog h2"),
    "extend, refused": ("/runs/{run}", refused, "dialog .error"),
    "promote": ("/runs/{run}", lambda page: press(page, "Promote"), "dialog h2"),
    "fork": ("/runs/{run}", lambda page: press(page, "Fork"), "dialog h2"),
    "fork, its request": ("/runs/{run}", lambda page: press(page, "Fork", "API: Fork"), "#api-panel"),
    "export": ("/runs/{run}", lambda page: page.get_by_text("Export", exact=True).click(), ".menu-list"),
    "key": ("/data", lambda page: press(page, "Key"), "#api-key"),
    "menu of a run": ("/runs", lambda page: page.locator(".run-menu-button").first.click(), ".run-menu"),
    "delete": ("/runs", deleting, "#confirm-title"),
    "request": ("/runs/{run}", lambda page: press(page, "API: Curves"), "#api-panel"),
    "requests": ("/runs/{run}", lambda page: press(page, "Requests"), "#drawer h2"),
}


@pytest.mark.parametrize("name", OPENED)
def test_no_serious_finding_when_open(page: Page, lab: str, run: str, name: str) -> None:
    """The same of dialogs, of menus and of the list of requests, in both themes."""
    view, opening, seen = OPENED[name]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(f"{lab}/#{view.format(run=run)}")
    page.wait_for_load_state("networkidle")
    opening(page)
    page.locator(seen).first.wait_for()
    assert findings(page) == []
    page.emulate_media(color_scheme="dark")
    page.evaluate(SETTLED)
    assert findings(page) == []
