"""Going from view to view, fast and by many small steps: nothing of one view is left in the next."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.runs import LONG, grows, holds, started, trained
from tests.live import ROOT, live_server

COUNTED = """() => {
  window.written = 0;
  window.begun = performance.now();
  const write = history.replaceState.bind(history);
  history.replaceState = (...given) => { window.written += 1; write(...given); };
}"""
PACE_MS = 320  # of router.js
DRAGGED = """async () => {
  const slider = document.querySelector("#compare-smooth");
  for (let i = 1; i <= 300; i += 1) {
    slider.value = i === 300 ? 0.5 : (i % 90) / 100;
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    if (i % 30 === 0) await new Promise(done => setTimeout(done, 5));
  }
}"""


TURNS = "() => new Promise(done => setTimeout(() => requestAnimationFrame(() => setTimeout(done)), 400))"
"""Whatever follows an answer at once, or a write of the address that waits for its turn, is over by then."""


def key_of(data: Path) -> str:
    """Make the first API key of a server; return its secret."""
    make = [sys.executable, "-m", "service", "keys", "create", "--name", "me", "--scope", "admin", "--data-dir", str(data)]
    return subprocess.run(make, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@pytest.mark.parametrize(("view", "slow"), [("/data", "**/openapi.json"), ("/use/run/{run}", "**/decision-boundary*")])
def test_a_view_that_is_left_writes_no_address(page: Page, lab: str, api: httpx.Client, view: str, slow: str) -> None:
    """What it waited for comes when another view is shown: the address of that one stays as it is."""
    held: list[Route] = []
    over: list[Request] = []
    page.route(slow, lambda route: held.append(route))  # noqa: PLW0108 (Playwright marks the function)
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: over.append(request))  # noqa: PLW0108 (as above)
    page.goto(f"{lab}/#{view.format(run=trained(api))}")
    holds(page, lambda: held)
    page.evaluate("() => { location.hash = '#/models'; }")
    expect(page.locator("h1")).to_have_text("Models")
    for route in held:
        route.continue_()
    holds(page, lambda: {route.request for route in held} <= set(over))
    page.evaluate(TURNS)
    expect(page.locator("h1")).to_have_text("Models")
    assert page.url.endswith("/#/models")


def test_a_search_ends_with_its_view(page: Page, lab: str) -> None:
    """A word that was typed just before the list was left is not looked for in the next view."""
    page.clock.install()
    page.goto(f"{lab}/#/runs")
    page.locator("#runs-search").fill("net")
    page.evaluate("() => { location.hash = '#/models'; }")
    expect(page.locator("h1")).to_have_text("Models")
    page.clock.run_for(2000)  # the search would have begun after a quarter of a second, and the address changed soon after
    assert page.url.endswith("/#/models")


def test_a_slider_does_not_flood_the_address(page: Page, lab: str, api: httpx.Client) -> None:
    """Browsers refuse hundreds of addresses in a row; where the slider was left is in the address, also for "back"."""
    run = trained(api)
    page.goto(f"{lab}/#/compare?ids={run},{trained(api)}")
    expect(page.locator("#compare-curves svg").first).to_be_visible()
    page.evaluate(COUNTED)
    page.evaluate(DRAGGED)
    expect(page.locator("#compare-smooth")).to_have_value("0.5")
    page.get_by_role("link", name="Models", exact=True).click()
    page.go_back()
    assert page.url.endswith("&s=0.5")
    expect(page.locator("#compare-smooth")).to_have_value("0.5")
    written, milliseconds = page.evaluate("() => [window.written, performance.now() - window.begun]")
    assert written <= 4 + milliseconds / PACE_MS  # of the 300 values, those that it had time for; and what the moves write


def test_a_run_is_deleted_while_it_is_watched(page: Page, lab: str, api: httpx.Client) -> None:
    """The page says so, and no error of asking for what is gone takes its place."""
    run = started(api)
    page.goto(f"{lab}/#/runs/{run}")
    expect(page.locator("#run-status")).to_contain_text("running")
    api.post(f"/v1/runs/{run}/pause").raise_for_status()
    holds(page, lambda: api.get(f"/v1/runs/{run}").json()["status"] == "paused")
    api.delete(f"/v1/runs/{run}").raise_for_status()
    expect(page.locator("#trouble")).to_contain_text("This run has just been deleted")
    page.wait_for_timeout(1500)  # by now it would have asked for it once more
    expect(page.locator("#trouble")).to_contain_text("This run has just been deleted")


def test_what_is_read_stays(page: Page, lab: str, api: httpx.Client) -> None:
    """A sample of text keeps the focus while the model goes on learning and writes others."""
    text = {"kind": "text", "text": "hello world, this is a text\n" * 50}
    plan = {"steps": 10_000_000, "log_every": 10, "checkpoint_every": 2000}
    run = api.post("/v1/runs", json={**LONG, "dataset": text, "model": {"kind": "char_rnn"}, "training": plan}).json()["id"]
    page.goto(f"{lab}/#/runs/{run}")
    page.locator(".sample").first.focus()
    page.evaluate("() => { window.sample = document.activeElement; }")
    first = page.locator(".sample").first.get_attribute("aria-label")
    expect(page.locator(".sample").first).not_to_have_attribute("aria-label", str(first))
    assert page.evaluate("() => document.activeElement === window.sample")
    api.post(f"/v1/runs/{run}/cancel").raise_for_status()


READ_THE_BEST = """() => {
  window.sample = document.querySelector("#samples li:has(.badge) .sample");  // milestones have no badge
  window.sample?.focus();
  return document.activeElement === window.sample && window.sample.getAttribute("aria-label");
}"""
"""Find and focus in one go: a best may be replaced at any moment."""


def test_the_best_writes_while_the_run_trains(page: Page, lab: str, api: httpx.Client) -> None:
    """A new best takes the place of the one before, which stays only as long as somebody reads it."""
    text = {"kind": "text", "text": "hello world, this is a text\n" * 50}
    plan = {"steps": 10_000_000, "log_every": 10, "checkpoint_every": 10_000_000, "validation_fraction": 0.2}
    slow = {"kind": "sgd", "learning_rate": 0.003}
    body = {**LONG, "dataset": text, "model": {"kind": "char_rnn"}, "optimizer": slow, "training": plan}
    run = api.post("/v1/runs", json=body).json()["id"]
    page.goto(f"{lab}/#/runs/{run}")
    entries = page.locator("#samples li")
    best = entries.filter(has=page.locator(".badge", has_text="best"))
    expect(entries).to_have_count(2)  # the best, and step 0, the only milestone
    expect(best).to_have_count(1)
    read = page.wait_for_function(READ_THE_BEST).json_value()
    expect(entries).to_have_count(3)
    expect(best.locator(".sample")).not_to_have_attribute("aria-label", read)
    assert page.evaluate("() => document.activeElement === window.sample")
    page.evaluate("() => window.sample.blur()")
    expect(entries).to_have_count(2)
    assert api.get(f"/v1/runs/{run}").json()["status"] == "running"
    api.post(f"/v1/runs/{run}/cancel").raise_for_status()


def test_an_answer_is_told_once(page: Page, lab: str, api: httpx.Client) -> None:
    """Who asks about a point hears the answer; not again each time that the model in training changes its mind."""
    run = started(api)
    page.goto(f"{lab}/#/runs/{run}")
    page.get_by_role("button", name="Predict here", exact=True).click()
    expect(page.locator("#live")).to_contain_text("Class")
    first = page.locator("#answer").inner_text()
    holds(page, lambda: page.locator("#answer").inner_text() != first)
    assert page.locator("#answer").evaluate("it => it.closest('[role=status], [role=alert], [aria-live]')") is None
    api.post(f"/v1/runs/{run}/cancel").raise_for_status()


def test_a_key_is_given_when_it_is_asked_for(page: Page, tmp_path: Path) -> None:
    """One who says no is told why there is nothing; the key given then shows the view, and is in no address, log or snippet."""
    secret = key_of(tmp_path / "data")
    with live_server(tmp_path / "data") as (url, _):
        page.goto(f"{url}/#/runs")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("alert").first).to_be_visible()
        page.get_by_role("button", name="Key", exact=True).click()
        page.locator("#api-key").fill("한글")
        page.get_by_role("button", name="Use this key").click()
        expect(dialog).to_be_visible()  # no header can hold it
        page.locator("#api-key").fill(f" {secret} ")
        page.get_by_role("button", name="Use this key").click()
        expect(page.locator(".runs-card")).to_contain_text("run")
        expect(page.locator(".notice-bad")).to_have_count(0)
        page.get_by_role("button", name="Requests").click()
        page.locator("#drawer .api-button").first.click()
        expect(page.locator("#api-panel")).to_contain_text("$POSTGRAD_API_KEY")
        assert secret not in page.content() + page.url


def test_back_comes_to_where_one_was(page: Page, lab: str, api: httpx.Client) -> None:
    """A run that was scrolled down is so again after a look at the list."""
    page.goto(f"{lab}/#/runs/{trained(api)}")
    grows(page, 199)
    expect(page.locator("#spec")).to_be_visible()
    page.evaluate("() => scrollTo(0, 700)")
    page.locator("#spec .api-button").dispatch_event("click")
    page.keyboard.press("Escape")
    away = page.get_by_role("link", name="Runs", exact=True).first
    place = away.evaluate("link => { const place = scrollY; link.click(); return place; }")
    page.wait_for_url("**/#/runs")
    expect(page.locator("#runs-search")).to_be_visible()
    holds(page, lambda: page.evaluate("() => scrollY") == 0)
    page.go_back()
    holds(page, lambda: page.evaluate("() => scrollY") == place)


def test_a_checkpoint_that_is_not_kept_leads_to_the_one_before(page: Page, lab: str, api: httpx.Client) -> None:
    """A link to a step between two checkpoints, or beyond the last, shows the boundary all the same."""
    run = trained(api, training={"steps": 500, "checkpoint_every": 100})
    for step, shown in (("250", "step 200"), ("99999", "step 500")):
        page.goto(f"{lab}/#/runs/{run}?step={step}")
        expect(page.locator("#boundary-chart .chart-summary")).to_contain_text(f"at {shown};")
        expect(page.locator("#boundary output")).to_have_text(shown)
        expect(page.locator("#trouble")).to_be_empty()


@pytest.mark.parametrize(
    "view", ["/runs/run_00", "/use/run/run_00", "/use/what/ever", "/models/nothing", "/data?dataset=ds_00"]
)
def test_what_is_not_there_is_said(page: Page, lab: str, view: str) -> None:
    """A wrong link ends at a page with a heading and the reason, and without buttons that could not work."""
    page.goto(f"{lab}/#{view}")
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
