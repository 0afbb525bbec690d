"""Names that others gave: shown as they are, whatever they look like, and however many or long they are."""

import itertools
import json
import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.runs import grows, trained

CLASSES = [
    "<b>bold</b>",
    "<a href='https://example.org/'>a link</a>",
    "<span style='color:red'>red</span>",
    "plain & simple &lt;",
]
FEATURE = "x<sub>1</sub>"
LINKS = "() => document.querySelectorAll('.chart-plot a, .chart-plot [style*=\"red\"]').length"


@pytest.fixture
def marked(api: httpx.Client) -> str:
    """Return the id of a run on data whose names look like HTML."""
    lines = [f"{i % 7},{i * 3 % 5},{CLASSES[i % 4]}" for i in range(60)]
    table = "\n".join([f'{FEATURE},"<img src=x onerror=alert(1)>",label', *lines])
    kept = api.post("/v1/datasets/upload", files={"file": ("<i>marked</i>.csv", table, "text/csv")}).json()
    return trained(api, name="<img src=x onerror=alert(1)>", dataset={"kind": "stored", "id": kept["id"]})


def test_names_are_no_markup(page: Page, lab: str, api: httpx.Client, marked: str) -> None:
    """In charts too, whose library would make links and styles of them."""
    page.goto(f"{lab}/#/runs/{marked}")
    grows(page, 100)
    page.locator("#confusion-chart").scroll_into_view_if_needed()
    expect(page.locator("#confusion-chart .chart-plot")).to_contain_text("<b>bold</b>")
    for name in (*CLASSES, FEATURE):
        expect(page.locator("#boundary-chart .chart-plot")).to_contain_text(name)
    assert page.evaluate(LINKS) == 0
    expect(page.locator("h1")).to_have_text("<img src=x onerror=alert(1)>")
    dataset = api.get(f"/v1/runs/{marked}").json()["dataset"]["id"]
    page.goto(f"{lab}/#/data?dataset={dataset}")
    expect(page.locator("#stored .chart-plot")).to_contain_text("<b>bold</b>")
    assert page.evaluate(LINKS) == 0
    page.goto(f"{lab}/#/compare?ids={marked},{trained(api, name='<b>other</b>')}")
    expect(page.locator("#compare-parallel .chart-plot")).to_contain_text("<b>other</b>")
    assert page.evaluate(LINKS) == 0


def test_a_hundred_classes_leave_room_for_the_picture(page: Page, lab: str) -> None:
    """The legend scrolls instead."""
    page.goto(f"{lab}/#/data?kind=spiral&classes=100&points_per_class=20")
    expect(page.locator("#generated .legend")).to_be_visible()
    plot, legend = (page.locator(f"#generated {part}").first.bounding_box() for part in (".nsewdrag", ".legend .bg"))
    assert plot is not None
    assert legend is not None
    assert plot["height"] > 3 * legend["height"]


def test_long_names_stay_in_their_places(page: Page, lab: str, api: httpx.Client) -> None:
    """No view scrolls sideways, and a compared run with a long name leaves room for the other."""
    name = "averylongnamewithoutanyspace" * 7
    runs = [trained(api, name=name, tags={"k" * 60: "v" * 200}), trained(api, name="short")]
    views = [f"/runs/{runs[0]}", "/runs", f"/use/run/{runs[0]}", f"/compare?ids={','.join(runs)}"]
    for width, view in itertools.product((320, 1280), views):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{lab}/#{view}")
        expect(page.get_by_text(name[:60]).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, view
    short = page.locator("thead").get_by_role("link", name="short").bounding_box()
    assert short is not None
    assert short["x"] + short["width"] < 1280


def test_a_loss_out_of_all_measure_is_short(page: Page, lab: str, api: httpx.Client) -> None:
    """A run on its way out of the finite numbers does not push the others out of the table."""
    run = trained(
        api, model={"kind": "svm", "reg": 1000}, optimizer={"kind": "sgd", "learning_rate": 10}, training={"steps": 3}
    )
    loss = api.get(f"/v1/runs/{run}").json()["metrics"]["loss"]["last"]
    assert loss > 1e20
    page.goto(f"{lab}/#/runs?filter=run_id%20%3D%20'{run}'")
    expect(page.locator("td[data-label=Last]")).to_have_text(re.compile(r"\de\+2\d"))


def test_a_model_needs_a_name(page: Page, lab: str, api: httpx.Client) -> None:
    """Without one nothing is asked of the server; the field says so."""
    page.goto(f"{lab}/#/models?run={trained(api)}")
    page.get_by_role("button", name="Promote", exact=True).click()
    expect(page.locator("#promote-name")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#promote-name")).to_be_focused()
    assert "NAME" not in json.dumps(api.get("/v1/models").json())
