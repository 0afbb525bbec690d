"""What the Lab shows while the server is still at work."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.runs import grows, holds, last_step, trained

SHIFTED = """() => new Promise(done => {
  new PerformanceObserver(found => done(
    found.getEntries().reduce((sum, one) => sum + (one.hadRecentInput ? 0 : one.value), 0),
  )).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(0), 5000);  // where nothing has moved at all, nothing is told
})"""


@pytest.fixture
def held(page: Page) -> Callable[[str], Callable[[], None]]:
    """Return a function that holds back what the page asks of some addresses, and returns one that lets it go."""

    def hold(pattern: str) -> Callable[[], None]:
        waiting: list[Route] = []
        page.route(pattern, lambda route: waiting.append(route), times=1)  # noqa: PLW0108 (Playwright marks the function)

        def release() -> None:
            holds(page, lambda: waiting)
            waiting[0].continue_()

        return release

    return hold


def test_a_run_is_told_of_before_its_curves_are_there(
    page: Page, lab: str, api: httpx.Client, held: Callable[[str], Callable[[], None]]
) -> None:
    """Name, status, buttons and settings come at once; the curves take their places later, and nothing moves away."""
    run = trained(api, name="many points", training={"steps": 300, "validation_fraction": 0.2})
    release = held("**/metrics?*")
    page.goto(f"{lab}/#/runs/{run}")
    expect(page.locator("h1")).to_have_text("many points")
    expect(page.locator("#run-status")).to_contain_text("succeeded")
    expect(page.get_by_role("button", name="Fork", exact=True)).to_be_visible()
    expect(page.locator("#spec")).to_contain_text("learning_rate")
    expect(page.locator("#loss-chart")).to_contain_text("Reading the curve")
    expect(page.locator("#accuracy-chart")).to_be_visible()
    assert last_step(page) == -1
    release()
    grows(page, 290)
    expect(page.locator("#loss-chart")).to_contain_text("at step 300")
    expect(page.locator("#lens .watch-check").first).to_be_visible()
    assert page.evaluate(SHIFTED) < 0.1  # what counts as good


def test_curves_that_come_first(page: Page, lab: str, api: httpx.Client, held: Callable[[str], Callable[[], None]]) -> None:
    """Nothing is missing if the curves are there before the run is."""
    run = trained(api)
    release = held("**/checkpoints")
    with page.expect_response("**/metrics?*") as answer:
        page.goto(f"{lab}/#/runs/{run}")
    answer.value.finished()
    release()
    grows(page, 190)
    expect(page.locator("#lens .watch-check").first).to_be_visible()


def test_curves_that_cannot_be_read(page: Page, lab: str, api: httpx.Client) -> None:
    """The view says so, and shows the rest."""
    run = trained(api, name="half of it")
    page.route(
        "**/metrics?*", lambda route: route.fulfill(status=503, json={"title": "Busy", "detail": "later", "status": 503})
    )
    page.goto(f"{lab}/#/runs/{run}")
    expect(page.locator("#trouble")).to_contain_text("later")
    expect(page.locator("h1")).to_have_text("half of it")


def test_a_new_run_is_framed_at_once(page: Page, lab: str, held: Callable[[str], Callable[[], None]]) -> None:
    """The heading stands before the form can be made, with a word that it is coming."""
    release = held("**/openapi.json")
    page.goto(f"{lab}/#/new")
    expect(page.locator("h1")).to_have_text("New run")
    expect(page.get_by_role("status").filter(has_text="Reading from the server")).to_be_visible()
    release()
    expect(page.get_by_label("Steps", exact=True)).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
