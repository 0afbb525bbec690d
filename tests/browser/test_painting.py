"""Painting an example that is a picture."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessible import SETTLED, findings

SIDE = 8
CELLS = SIDE * SIDE


def halves() -> str:
    """Return pictures of which one half is bright, with some noise, and which half it is, as CSV."""
    lines = [",".join([*(f"pixel_{i}" for i in range(CELLS)), "half"])]
    for i in range(40):
        left = i % 2
        cells = [16 - (i + k) % 3 if (k % SIDE < SIDE // 2) == bool(left) else (i * k) % 2 for k in range(CELLS)]
        lines.append(",".join([*map(str, cells), "left" if left else "right"]))
    return "\n".join(lines)


@pytest.fixture
def painted(page: Page, lab: str, api: httpx.Client, tmp_path: Path) -> Page:
    """Open the view that uses a run which tells left from right; the picture is empty."""
    file = tmp_path / "halves.csv"
    file.write_text(halves())
    with file.open("rb") as content:
        data = api.post("/v1/datasets/upload", data={"label": "half"}, files={"file": content}).raise_for_status().json()
    body = {"dataset": {"kind": "stored", "id": data["id"]}, "model": {"kind": "softmax"}, "training": {"steps": 100}}
    run = api.post("/v1/runs", json=body, headers={"Prefer": "wait=60"}).json()
    page.goto(f"{lab}/#/use/run/{run['id']}")
    expect(page.get_by_role("gridcell")).to_have_count(CELLS)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_role("gridcell", name="row 3, column 3: 0")).to_be_attached()
    return page


def test_by_pointer(painted: Page) -> None:
    """A stroke is painted cell by cell; what the model says follows it, asked of the predict route and of no other."""
    asked: list[tuple[str, str]] = []
    painted.on("request", lambda request: asked.append((request.method, request.url.rsplit("/", 1)[1])))
    box = painted.get_by_role("grid").bounding_box()
    assert box is not None
    cell = box["width"] / SIDE
    for column in (5.5, 6.5):
        painted.mouse.move(box["x"] + column * cell, box["y"] + cell / 2)
        painted.mouse.down()
        painted.mouse.move(box["x"] + column * cell, box["y"] + 7.5 * cell, steps=20)
        painted.mouse.up()
    expect(painted.get_by_role("gridcell", name="row 4, column 6: 16")).to_be_attached()
    expect(painted.locator("#use-label")).to_have_text("right")
    expect(painted.get_by_label("pixel_5", exact=True)).to_have_value("16")
    expect(painted.get_by_label("Probability of each class").get_by_role("listitem")).to_have_count(2)
    assert set(asked) == {("POST", "predict")}


def test_by_keyboard(painted: Page) -> None:
    """One stop of Tab; arrows move and stay inside, space paints and rubs out."""
    painted.get_by_role("gridcell").first.focus()
    keys = painted.keyboard
    for _ in range(SIDE + 1):
        keys.press("Space")
        keys.press("ArrowDown")
    focused = "() => document.activeElement.getAttribute('aria-label')"
    assert painted.evaluate(focused) == "row 8, column 1: 0"  # it was painted, and rubbed out at the edge
    keys.press("ArrowLeft")
    assert painted.evaluate(focused) == "row 8, column 1: 0"
    expect(painted.get_by_role("gridcell", name="row 7, column 1: 16")).to_be_attached()
    expect(painted.locator("#use-label")).to_have_text("left")
    keys.press("End")
    assert painted.evaluate(focused) == "row 8, column 8: 0"
    keys.press("Tab")
    expect(painted.get_by_role("button", name="Clear", exact=True)).to_be_focused()
    keys.press("Shift+Tab")
    assert painted.evaluate(focused) == "row 8, column 8: 0"


def test_it_is_accessible(painted: Page) -> None:
    """Nothing that axe calls serious or critical, in both themes, and nothing is cut off on the narrowest screen."""
    for theme in ("light", "dark"):
        painted.emulate_media(color_scheme=theme)
        painted.evaluate(SETTLED)
        assert findings(painted) == []
    painted.set_viewport_size({"width": 320, "height": 700})
    assert painted.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_digits_can_be_painted(page: Page, lab: str, api: httpx.Client) -> None:
    """The preset of digits, trained from the page, reads nearly all that it has not seen; and a one that somebody paints."""
    page.goto(f"{lab}/#/new")
    page.get_by_role("button", name="Digits").click()
    page.wait_for_url("**run=*")
    page.get_by_role("button", name="Start training", exact=True).click()
    page.wait_for_url("**/#/runs/run_*")
    expect(page.locator("#run-status")).to_contain_text("succeeded")
    run = api.get(f"/v1/runs/{page.url.rsplit('/', 1)[1]}").json()
    assert run["metrics"]["val_accuracy"]["best"] > 0.9
    page.get_by_role("link", name="Predict", exact=True).click()
    page.get_by_role("button", name="Clear", exact=True).click()
    for row in range(1, 7):
        page.get_by_role("gridcell").nth(SIDE * row + 4).click()
    expect(page.locator("#use-label")).to_have_text("1")
