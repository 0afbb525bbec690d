"""What people do in the Lab."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.runs import grows, holds, last_step, started, trained
from tests.live import live_server

IRIS = Path(__file__).parent.parent.parent / "examples" / "iris.csv"


def test_the_spiral_is_trained_from_the_page(page: Page, lab: str) -> None:
    """A preset, one button: the curve grows, the boundary is drawn, and a reload shows the same run."""
    page.goto(f"{lab}/#/new")
    page.get_by_role("link", name="Two-layer net on the spiral").click()
    page.get_by_role("button", name="Start training", exact=True).click()
    page.wait_for_url("**/#/runs/run_*")
    last = grows(page, 9_999)  # of 10,000: they take a second, and may all be there at the first drawing
    regions = "() => !!document.querySelector('#boundary-chart .chart-plot')?.data?.some(trace => trace.z)"
    holds(page, lambda: page.evaluate(regions))
    expect(page.locator("#run-status")).to_contain_text("succeeded")
    url, heading = page.url, page.locator("h1").inner_text()
    page.reload()
    assert grows(page, 9_999) == last == 10_000
    assert (page.url, page.locator("h1").inner_text()) == (url, heading)


def test_digits_are_learned_from_the_page(page: Page, lab: str, api: httpx.Client) -> None:
    """The figure that the browser draws its data for: they are told apart, and the first layer is shown as pictures."""
    page.goto(f"{lab}/#/new")
    page.get_by_role("button", name="Digits").click()
    page.wait_for_url("**/#/new?run=*stored*")
    page.get_by_role("button", name="Start training", exact=True).click()
    page.wait_for_url("**/#/runs/run_*")
    expect(page.locator("#run-status")).to_contain_text("succeeded")
    expect(page.locator(".weights canvas")).to_have_count(36)
    run = api.get(f"/v1/runs/{page.url.rsplit('/', 1)[1]}").json()
    assert run["metrics"]["val_accuracy"]["last"] > 0.8


def test_the_state_is_in_the_address(page: Page, lab: str, api: httpx.Client) -> None:
    """Smoothing and a log axis survive a reload; back and forward go from view to view."""
    run = trained(api, training={"steps": 500})
    page.goto(f"{lab}/#/runs/{run}?smooth=0.9&y=log")
    grows(page, 100)
    axis = "document.querySelector('#loss-chart .chart-plot').layout.yaxis.type"
    assert page.evaluate(axis) == "log"
    expect(page.locator("#smooth")).to_have_value("0.9")
    page.get_by_role("link", name="Runs", exact=True).first.click()
    page.wait_for_url("**/#/runs")
    page.go_back()
    grows(page, 100)
    assert "smooth=0.9" in page.url
    assert page.evaluate(axis) == "log"


def test_a_stream_goes_on_after_a_restart(page: Page, tmp_path: Path) -> None:
    """The server is ended and started again while a run is watched: the page says so, then the curve goes on."""
    data = tmp_path / "data"
    settings = {"POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1"}
    with live_server(data, **settings) as (url, server), httpx.Client(base_url=url, timeout=90) as api:
        page.goto(f"{url}/#/runs/{started(api)}")
        grows(page, 0)
        server.kill()
        server.wait()
        expect(page.locator("#connection")).to_contain_text("reconnecting")
        before = last_step(page)
    with live_server(data, **settings, POSTGRAD_PORT=url.rsplit(":", 1)[1]) as (_, _):
        grows(page, before)
        expect(page.locator("#connection")).not_to_contain_text("reconnecting")
        page.goto("about:blank")


def test_a_refusal_lands_beside_its_field(page: Page, lab: str) -> None:
    """-3 steps: the server's words stand at the field, which says that it is wrong."""
    page.goto(f"{lab}/#/new")
    steps = page.get_by_label("Steps", exact=True)
    steps.fill("-3")
    page.get_by_role("button", name="Start training", exact=True).click()
    expect(steps).to_have_attribute("aria-invalid", "true")
    told = page.locator(f"#{steps.get_attribute('aria-describedby').split()[-1]}")  # type: ignore[union-attr]
    expect(told).to_contain_text("must be at least 1")
    assert "/#/new" in page.url


def test_a_csv_is_uploaded(page: Page, lab: str, tmp_path: Path) -> None:
    """A good file is kept and shown; a bad one is refused with its row and column."""
    page.goto(f"{lab}/#/data")
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b,label\n1,2,x\n3,oops,y\n5,6,x\n")
    page.locator("#upload-file").set_input_files(broken)
    expect(page.locator("#upload-file-error")).to_contain_text("oops")
    page.locator("#upload-file").set_input_files(IRIS)
    page.wait_for_url("**/#/data?*")
    expect(page.locator("#view")).to_contain_text("versicolor")


def test_two_runs_are_compared(page: Page, lab: str, api: httpx.Client) -> None:
    """Two of the list are chosen: their curves lie over each other, and the table says in what they differ."""
    for name, rate in (("slow and steady", 0.1), ("fast and bold", 1.5)):
        trained(api, name=name, optimizer={"kind": "sgd", "learning_rate": rate})
    page.goto(f"{lab}/#/runs")
    for name in ("slow and steady", "fast and bold"):
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("link", name="Compare").click()
    page.wait_for_url("**/#/compare?ids=*")
    holds(page, lambda: page.evaluate("() => document.querySelector('#compare-curves .chart-plot')?.data?.length >= 2"))
    table = page.get_by_role("table").filter(has_text="learning_rate")
    expect(table).to_contain_text("0.1")
    expect(table).to_contain_text("1.5")


def test_a_run_is_cancelled(page: Page, lab: str, api: httpx.Client) -> None:
    """The button ends the run on the server, and the page says so."""
    run = started(api)
    page.goto(f"{lab}/#/runs/{run}")
    grows(page, 0)
    page.get_by_role("button", name="Cancel run", exact=True).click()
    expect(page.locator("#run-status")).to_contain_text("cancelled")
    assert api.get(f"/v1/runs/{run}").json()["status"] == "cancelled"


@pytest.mark.needs("curl")
def test_the_shown_curl_does_the_same(page: Page, lab: str, api: httpx.Client) -> None:
    """What the dialog shows for "Start training", run in a shell, makes the run that the form describes."""
    body = {
        "name": 'it\'s "quoted" $HOME 한글',
        "dataset": {"kind": "moons"},
        "model": {"kind": "svm"},
        "training": {"steps": 30},
    }
    page.goto(f"{lab}/#/new?run={httpx.QueryParams({'run': json.dumps(body)})['run']}")
    page.get_by_role("button", name="API", exact=False).and_(page.locator("aside button.api-button")).click()
    text = page.locator("#api-panel").inner_text()
    assert text.startswith("curl")
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=60, check=True)
    made = json.loads(done.stdout[done.stdout.index("{") :])
    assert (made["name"], made["model"]["kind"], made["training"]["steps"]) == (body["name"], "svm", 30)
    assert api.get(f"/v1/runs/{made['id']}").status_code == 200


def test_a_run_is_trained_by_keyboard(page: Page, lab: str) -> None:
    """From the top of the page with Tab and Enter alone: skip link, the form, the button."""
    page.goto(f"{lab}/#/new")
    expect(page.get_by_role("button", name="Start training", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") is not None  # the skip link comes first
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Start training":
            break
    else:
        pytest.fail("Tab does not reach the button")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_url("**/#/runs/run_*")


@pytest.mark.parametrize("view", ["/data", "/new", "/runs", "/models", "run"])
def test_nothing_is_cut_off_at_320_pixels(page: Page, lab: str, api: httpx.Client, view: str) -> None:
    """No view scrolls sideways on the narrowest screen, which is also 1280 pixels at 400 %."""
    view = f"/runs/{trained(api)}" if view == "run" else view
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{lab}/#{view}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
