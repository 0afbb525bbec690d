"""Pictures of the Lab for the documents: `make screenshots`."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Page

from tests.browser.chromium import launched
from tests.browser.runs import grows, trained
from tests.live import ROOT, live_server

PICTURES = ROOT / "docs" / "pictures"
NET = {"model": {"kind": "mlp", "hidden_sizes": [100]}, "training": {"steps": 3000, "validation_fraction": 0.2}}


def views(api: httpx.Client) -> Iterator[tuple[str, str]]:
    """Train what there is to see; yield the name and the address of each view."""
    net = trained(api, name="Two-layer net on the spiral", **NET)
    slow = trained(api, name="The same, slower", optimizer={"kind": "sgd", "learning_rate": 0.1}, **NET)
    trained(api, name="Softmax on the spiral", training={"steps": 300})
    api.put("/v1/models/spiral/aliases/production", json={"run": net}).raise_for_status()
    yield from [("data", "/data"), ("train", "/new"), ("runs", "/runs"), ("run", f"/runs/{net}")]
    yield from [("compare", f"/compare?ids={net},{slow}"), ("model", "/models/spiral"), ("use", f"/use/run/{net}")]


def shoot(page: Page, url: str, name: str, view: str) -> None:
    """Open a view and take its picture, as long as it is."""
    page.goto(f"{url}/#{view}")
    page.wait_for_load_state("networkidle")
    if name == "run":
        grows(page, 2000)
    page.wait_for_timeout(1500)  # the last chart is drawn
    page.screenshot(path=PICTURES / f"lab-{name}.png", full_page=True)


def main() -> None:
    """Take all pictures."""
    with TemporaryDirectory() as folder, live_server(Path(folder) / "data") as (url, _), launched() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce")
        with httpx.Client(base_url=url, timeout=60) as api:
            for name, view in list(views(api)):
                shoot(page, url, name, view)


if __name__ == "__main__":
    main()
