"""How fast the Lab is over 1,000 runs and a history of 100,000 points: `make lab-speed`. Targets: 1 s, then 200 ms."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import launched
from tests.browser.runs import SPIRAL, grows, trained
from tests.live import live_server

RUNS, POINTS = 1000, 100_000
CONTENT_MS, INTERACTION_MS = 1000, 200
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"


def fill(api: httpx.Client) -> str:
    """Train 1,000 short runs and a long one; return the long one's id."""
    with ThreadPoolExecutor(16) as pool:
        body = {**SPIRAL, "training": {"steps": 20}}
        list(pool.map(lambda i: api.post("/v1/runs", json={**body, "name": f"run {i}"}).raise_for_status(), range(RUNS)))
    return trained(api, name="long", training={"steps": POINTS, "log_every": 1})


def content(page: Page, url: str, view: str, seen: str) -> float:
    """Return the milliseconds from opening an address until something can be seen."""
    page.goto("about:blank")
    begun = time.perf_counter()
    page.goto(f"{url}/#{view}")
    page.locator(seen).first.wait_for()
    return (time.perf_counter() - begun) * 1000


def interaction(page: Page, act: str, done: str) -> float:
    """Return the milliseconds from an act in the page until the next picture in which something is true."""
    begun = page.evaluate(f"() => {{ window.before = performance.now(); {act}; return window.before; }}")
    while not page.evaluate(f"() => Boolean({done})"):
        page.wait_for_timeout(5)
    return float(page.evaluate(PAINTED)) - float(begun)


def measured(page: Page, url: str, run: str) -> dict[str, tuple[float, int]]:
    """Return what took how many milliseconds, and how many it may take."""
    found = {"runs: first rows": (content(page, url, "/runs", "tbody tr"), CONTENT_MS)}
    first = "document.querySelector('tbody tr').textContent"
    page.evaluate(f"() => {{ window.shown = {first}; }}")
    turn = "[...document.querySelectorAll('button')].find(button => button.textContent.trim().startsWith('Next')).click()"
    found["runs: next page"] = interaction(page, turn, f"{first} !== window.shown"), INTERACTION_MS
    found["run: heading"] = content(page, url, f"/runs/{run}", "#run-name"), CONTENT_MS
    grows(page, POINTS - 2)
    move = "const it = document.querySelector('#smooth'); it.value = 0.9; it.dispatchEvent(new Event('input', {bubbles: true}))"
    many = "document.querySelector('#loss-chart .chart-plot').data.length"
    page.evaluate(f"() => {{ window.traces = {many}; }}")
    found["run: smoothing"] = interaction(page, move, f"{many} > window.traces"), INTERACTION_MS
    return found


def main(say: Callable[[str], object] = sys.stdout.write) -> int:
    """Measure, print, and return how many targets were missed."""
    with TemporaryDirectory() as folder, live_server(Path(folder) / "data") as (url, _), sync_playwright() as playwright:
        with httpx.Client(base_url=url, timeout=120) as api:
            run = fill(api)
        browser = launched(playwright)
        found = measured(browser.new_page(viewport={"width": 1280, "height": 900}), url, run)
        browser.close()
    for what, (taken, most) in found.items():
        say(f"{what:20} {taken:6.0f} ms, target {most} ms{'' if taken <= most else ': MISSED'}\n")
    return sum(taken > most for taken, most in found.values())


if __name__ == "__main__":
    sys.exit(main())
