"""Runs for the tests of the Lab, and what its charts hold."""

import time
from typing import Any

import httpx
from playwright.sync_api import Page

SPIRAL: dict[str, Any] = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 200}}
LONG: dict[str, Any] = {
    "name": "a long one",
    "dataset": {"kind": "spiral"},
    "model": {"kind": "mlp"},
    "training": {"steps": 10_000_000, "log_every": 10},
}
B_THEN_C: dict[str, Any] = {
    "dataset": {"kind": "text", "text": "b" * 320 + "c" * 280 + "b" * 150},
    "model": {"kind": "char_rnn", "hidden_size": 8, "sequence_length": 10},
    "optimizer": {"kind": "sgd", "learning_rate": 0.1},
}
"""What is held out of it is like the beginning: from step 32 on each step makes the held-out loss much worse, on any CPU."""


def trained(api: httpx.Client, **more: Any) -> str:
    """Return the id of a run that has ended."""
    run = api.post("/v1/runs", json={**SPIRAL, **more}, headers={"Prefer": "wait=60"}).json()
    assert run["status"] == "succeeded", run
    return str(run["id"])


def started(api: httpx.Client) -> str:
    """Return the id of a run that trains for long."""
    return str(api.post("/v1/runs", json=LONG).raise_for_status().json()["id"])


def last_step(page: Page) -> float:
    """Return the largest x of what the chart of the loss has drawn; -1 if nothing is drawn yet."""
    drawn = """() => [...document.querySelectorAll('#loss-chart .chart-plot')].flatMap(plot => plot.data ?? [])
      .flatMap(trace => Array.from(trace.x ?? [])).reduce((most, x) => Math.max(most, x), -1)"""
    return float(page.evaluate(drawn))


def grows(page: Page, beyond: float) -> float:
    """Wait until the chart of the loss has points beyond a step; return the last."""
    holds(page, lambda: last_step(page) > beyond)
    return last_step(page)


def holds(page: Page, true: Any, seconds: float = 60) -> None:
    """Wait until something is true. Playwright's own wait_for_function evaluates text, which the page's policy forbids."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true in time"
        page.wait_for_timeout(50)
