"""How fast the Lab is over 1,000 runs and a history of 100,000 points: `make lab-speed`. Targets: 1 s, then 200 ms.

The page itself says when something was painted: Playwright looks twice a second only. While it is connected, the chart library
takes 0.8 s to load instead of 0.4: Chromium then notes where each function stands.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Page

from tests.browser.chromium import launched
from tests.browser.runs import SPIRAL, grows, holds
from tests.live import live_server

RUNS, POINTS = 1000, 100_000
CONTENT_MS, INTERACTION_MS = 1000, 200
ROWS, HEADING, LOSS = "tbody tr", "#run-name", "#loss-chart .scatterlayer path"
WATCHED = f"""window.painted = {{}};
new MutationObserver(() => {[ROWS, HEADING, LOSS]!r}.forEach(one => {{
  if (one in painted || !document.querySelector(one)) return;
  painted[one] = null;
  requestAnimationFrame(() => requestAnimationFrame(() => {{ painted[one] = performance.now(); }}));
}})).observe(document, {{subtree: true, childList: true}});"""
SEEN = "selector => window.painted[selector] ?? null"
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"


def fill(api: httpx.Client) -> str:
    """Train 1,000 short runs and a long one; return the long one's id."""
    with ThreadPoolExecutor(16) as pool:
        body = {**SPIRAL, "training": {"steps": 20}}
        list(pool.map(lambda i: api.post("/v1/runs", json={**body, "name": f"run {i}"}).raise_for_status(), range(RUNS)))
    long = api.post("/v1/runs", json={**SPIRAL, "name": "long", "training": {"steps": POINTS, "log_every": 1}}).json()
    while long["status"] in ("queued", "running"):
        long = api.get(f"/v1/runs/{long['id']}", headers={"Prefer": "wait=30"}).raise_for_status().json()
    return str(long["id"])


def content(page: Page, url: str, view: str, *seen: str) -> list[float]:
    """Return the milliseconds from opening an address until each of some things has been painted."""
    page.goto("about:blank")
    page.goto(f"{url}/#{view}")
    for selector in seen:
        holds(page, lambda selector=selector: page.evaluate(SEEN, selector) is not None)
    return [float(page.evaluate(SEEN, selector)) for selector in seen]


def interaction(page: Page, act: str, done: str) -> float:
    """Return the milliseconds from an act in the page until the next picture in which something is true."""
    begun = page.evaluate(f"() => {{ window.before = performance.now(); {act}; return window.before; }}")
    while not page.evaluate(f"() => Boolean({done})"):
        page.wait_for_timeout(5)
    return float(page.evaluate(PAINTED)) - float(begun)


def measured(page: Page, url: str, run: str) -> dict[str, tuple[float, int | None]]:
    """Return what took how many milliseconds, and how many it may take, if there is a target."""
    (rows,) = content(page, url, "/runs", ROWS)
    found: dict[str, tuple[float, int | None]] = {"runs: first rows": (rows, CONTENT_MS)}
    first = "document.querySelector('tbody tr').textContent"
    page.evaluate(f"() => {{ window.shown = {first}; }}")
    turn = "[...document.querySelectorAll('button')].find(button => button.textContent.trim().startsWith('Next')).click()"
    found["runs: next page"] = interaction(page, turn, f"{first} !== window.shown"), INTERACTION_MS
    heading, loss = content(page, url, f"/runs/{run}", HEADING, LOSS)
    found |= {"run: heading": (heading, CONTENT_MS), "run: loss chart": (loss, None)}
    grows(page, POINTS - 2)
    move = "const it = document.querySelector('#smooth'); it.value = 0.9; it.dispatchEvent(new Event('input', {bubbles: true}))"
    many = "document.querySelector('#loss-chart .chart-plot').data.length"
    page.evaluate(f"() => {{ window.traces = {many}; }}")
    found["run: smoothing"] = interaction(page, move, f"{many} > window.traces"), INTERACTION_MS
    return found


def main(say: Callable[[str], object] = sys.stdout.write) -> int:
    """Measure, print, and return how many targets were missed."""
    with TemporaryDirectory() as folder, live_server(Path(folder) / "data") as (url, _), launched() as browser:
        with httpx.Client(base_url=url, timeout=120) as api:
            run = fill(api)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WATCHED)
        found = measured(page, url, run)
    for what, (taken, most) in found.items():
        target = "" if most is None else f", target {most} ms{'' if taken <= most else ': MISSED'}"
        say(f"{what:20} {taken:6.0f} ms{target}\n")
    return sum(most is not None and taken > most for taken, most in found.values())


if __name__ == "__main__":
    sys.exit(main())
