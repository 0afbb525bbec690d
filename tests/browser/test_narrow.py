"""A run on the narrowest screen, which is also 1280 pixels at 400 %, and at 200 %."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.runs import grows, trained

BEYOND = """() => [...document.querySelectorAll('dialog *, .menu-list *, main *')].filter(one => {
  const { width, left, right } = one.getBoundingClientRect();
  return one.checkVisibility() && width && (left < -1 || right > innerWidth + 1)
    && !one.closest('.scroll, .chart, pre, .visually-hidden');
}).map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture
def narrow(page: Page, lab: str, api: httpx.Client) -> Page:
    """Open a run at 320 pixels."""
    run = trained(api, name="a name that does not fit on one line", training={"steps": 300, "validation_fraction": 0.2})
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{lab}/#/runs/{run}")
    grows(page, 290)
    return page


def test_the_menu_of_files(narrow: Page) -> None:
    """It opens inside the page, and its entries are large enough to be met."""
    narrow.get_by_text("Export", exact=True).click()
    entry = narrow.get_by_role("button", name="Safetensors", exact=True)
    expect(entry).to_be_visible()
    assert narrow.evaluate(BEYOND) == []
    box = entry.bounding_box()
    assert box is not None
    assert box["height"] >= 24


@pytest.mark.parametrize("name", ["Extend", "Fork", "Promote", "API: Curves"])
def test_dialogs(narrow: Page, name: str) -> None:
    """They fit into the page, and scroll by themselves."""
    narrow.get_by_role("button", name=name, exact=True).first.click()
    narrow.locator("dialog h2").first.wait_for()
    assert narrow.evaluate(BEYOND) == []
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("width", [320, 640])
def test_nothing_lies_beyond_the_edge(narrow: Page, width: int) -> None:
    """No part of the view; the tools of the header are in one line."""
    narrow.set_viewport_size({"width": width, "height": 450})
    assert narrow.evaluate(BEYOND) == []
    tools = narrow.locator(".tools > *").all()
    tops = [box["y"] for tool in tools if (box := tool.bounding_box())]
    assert len(tops) == len(tools)
    assert max(tops) - min(tops) < 10
