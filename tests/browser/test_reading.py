"""What is read: each thing is called one way, numbers agree, and nothing is cut off."""

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.runs import B_THEN_C, grows, trained

HELD = {"steps": 200, "validation_fraction": 0.2}


def sgd(rate: float) -> dict[str, object]:
    """Return an optimizer."""
    return {"kind": "sgd", "learning_rate": rate}


def written(api: httpx.Client, **training: float) -> str:
    """Return the id of a run that has read a text."""
    kept = api.post("/v1/datasets/upload", files={"file": ("a.txt", "to be or not to be, that is the question\n" * 30)}).json()
    plan = {"steps": 200, "log_every": 50, "checkpoint_every": 100, **training}
    return trained(api, dataset={"kind": "stored", "id": kept["id"]}, model={"kind": "char_rnn"}, training=plan)


def best_at_30(api: httpx.Client, **training: float) -> str:
    """Return the id of a run of text that is best at step 30, or with more points at most two steps later."""
    plan = {"steps": 50, "log_every": 10, "validation_fraction": 0.2, **training}
    return trained(api, **B_THEN_C, training=plan)


@pytest.mark.parametrize("every", [10, 20, 1000])
def test_the_best_has_its_sample_and_its_loss(page: Page, lab: str, api: httpx.Client, every: int) -> None:
    """Be it a milestone or not: the best is there once, and the held-out loss beside it is that of the chart."""
    run = best_at_30(api, checkpoint_every=every)
    page.goto(f"{lab}/#/runs/{run}")
    held = api.get(f"/v1/runs/{run}").json()["metrics"]["val_loss"]
    saved = api.get(f"/v1/runs/{run}/checkpoints").json()["data"]
    assert held["best_step"] == 30
    entries = page.locator("#samples li")
    expect(entries).to_have_count(len(saved))
    best = entries.filter(has=page.locator(".badge", has_text="best"))
    expect(best).to_have_count(1)
    expect(best).to_contain_text(f"step 30 · held-out loss {held['best']:.4g}")
    expect(best.locator(".sample")).to_have_text(next(one["sample"] for one in saved if one["step"] == 30))
    expect(page.locator("#loss-chart .chart-summary")).to_contain_text(f"{held['best']:.4g}")


def test_the_loss_beside_a_sample_is_the_smoothed_one(page: Page, lab: str, api: httpx.Client) -> None:
    """Where nothing is held out it is by its name that of the chart."""
    page.goto(f"{lab}/#/runs/{written(api)}")
    expect(page.locator("#samples li").first).to_contain_text("smoothed loss")
    expect(page.locator("#loss-chart .legend")).to_contain_text("smoothed loss")


def test_the_best_is_among_the_first_samples(page: Page, lab: str, api: httpx.Client) -> None:
    """Of many samples the newest are shown, and the best, however old it is."""
    page.goto(f"{lab}/#/runs/{best_at_30(api, log_every=2, checkpoint_every=2)}")
    entries = page.locator("#samples li")
    expect(entries).to_have_count(9)
    expect(entries.first).to_contain_text("step 50")
    expect(entries.last.locator(".badge")).to_have_text("best")
    page.get_by_role("button", name="Show all 26").click()
    expect(entries).to_have_count(26)


def test_a_best_without_a_sample_is_left_out(page: Page, lab: str, api: httpx.Client) -> None:
    """An earlier version stored it without; the samples that there are stay."""
    run = best_at_30(api, checkpoint_every=20)

    def without(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        for one in body["data"]:
            one["sample"] = None if one["step"] == 30 else one["sample"]
        route.fulfill(response=answer, json=body)

    page.route("**/checkpoints", without)
    page.goto(f"{lab}/#/runs/{run}")
    expect(page.locator("#samples li strong")).to_have_text([re.compile(f"^step {step} ") for step in (50, 40, 20, 0)])


def test_as_many_settings_differ_as_the_table_has(page: Page, lab: str, api: httpx.Client) -> None:
    """What follows from others is counted too, and runs that differ only in that are not called the same."""
    runs = [trained(api, training={"steps": 200, "checkpoint_every": every}) for every in (50, 100)]
    page.goto(f"{lab}/#/compare?ids={','.join(runs)}")
    expect(page.locator("#compare-parallel .chart-summary")).to_contain_text("1 setting differs.")
    expect(page.locator("tr.differs")).to_have_count(1)
    other = trained(api, optimizer=sgd(0.1), training={"steps": 300, "batch_size": 30})
    page.goto(f"{lab}/#/compare?ids={runs[0]},{other}")
    expect(page.locator("tr.differs")).to_have_count(4)
    expect(page.locator("#compare-parallel .chart-summary")).to_contain_text("4 settings differ.")


def test_an_axis_of_one_value_says_it_where_the_lines_meet(page: Page, lab: str, api: httpx.Client) -> None:
    """Two runs of the same outcome: its value is neither at the top nor at the bottom."""
    plan = [{"steps": 200, "checkpoint_every": every} for every in (50, 100)]
    page.goto(f"{lab}/#/compare?ids={','.join(trained(api, training=one) for one in plan)}")
    label = page.locator("#compare-parallel .annotation").filter(has_text=re.compile(r"^[\d.]+%$"))
    expect(label).to_have_count(1)
    plot = box(page.locator("#compare-parallel .nsewdrag"))
    assert abs(box(label)["y"] - plot["y"] - plot["height"] / 2) < 30


def test_all_compared_runs_are_in_the_first_chart(page: Page, lab: str, api: httpx.Client) -> None:
    """A series that all have is shown first; of one that some lack it is said which."""
    runs = [trained(api, training=HELD), trained(api)]
    page.goto(f"{lab}/#/compare?ids={','.join(runs)}")
    expect(page.locator("#compare-metric")).to_have_value("train_accuracy")
    expect(page.locator("#compare-without")).to_be_hidden()
    page.locator("#compare-metric").select_option("val_accuracy")
    expect(page.locator("#compare-without")).to_contain_text(runs[1][-6:])
    expect(page.locator("#compare-without")).not_to_contain_text(runs[0][-6:])
    page.goto(f"{lab}/#/compare?ids={runs[0]},{trained(api, optimizer=sgd(0.5), training=HELD)}")
    expect(page.locator("#compare-metric")).to_have_value("val_accuracy")


def test_an_empty_comparison_asks_once_for_runs(page: Page, lab: str, api: httpx.Client) -> None:
    """There is one way to choose runs; and going back from there shows the comparison again."""
    page.goto(f"{lab}/#/compare?ids={trained(api)}")
    expect(page.locator("#compare-curves")).to_be_visible()
    page.evaluate("() => { location.hash = '#/compare'; }")
    expect(page.get_by_role("link", name="Choose runs")).to_have_count(1)
    page.go_back()
    expect(page.locator("#compare-curves")).to_be_visible()


def test_a_run_without_a_name_is_called_one_way(page: Page, lab: str, api: httpx.Client) -> None:
    """In its view, in the title of the page, in the list, in a comparison, in its use, by its model and by a fork of it."""
    run = trained(api)
    api.put("/v1/models/nameless/aliases/production", json={"run": run}).raise_for_status()
    fork = api.post(f"/v1/runs/{run}/fork", json={"overrides": {"training": {"steps": 300}}}).json()["id"]
    name = f"Run …{run[-6:]}"
    page.goto(f"{lab}/#/runs/{run}")
    expect(page.locator("h1")).to_have_text(name)
    expect(page).to_have_title(f"{name} · Postgrad Lab")
    for view in ("/runs", f"/compare?ids={run}", f"/use/run/{run}", "/models/nameless", f"/runs/{fork}"):
        page.goto(f"{lab}/#{view}")
        expect(page.locator("#view").get_by_text(name).first, view).to_be_visible()


def test_a_run_with_a_name_is_called_by_it(page: Page, lab: str, api: httpx.Client) -> None:
    """By its model and by a fork of it too, which know its id alone."""
    run = trained(api, name="the one with a name")
    api.put("/v1/models/named/aliases/production", json={"run": run}).raise_for_status()
    fork = api.post(f"/v1/runs/{run}/fork", json={"overrides": {"training": {"steps": 300}}}).json()["id"]
    for view in ("/models/named", f"/runs/{fork}"):
        page.goto(f"{lab}/#{view}")
        expect(page.get_by_role("link", name="the one with a name"), view).to_have_attribute("href", f"#/runs/{run}")


def test_a_field_shows_all_of_its_number(page: Page, lab: str, api: httpx.Client) -> None:
    """The middle of a range is a short number, and a long one fits into its field; the button says what it sets."""
    page.goto(f"{lab}/#/use/run/{trained(api)}")
    field = page.locator("#use-x1")
    expect(field).to_have_value(re.compile(r"^-?\d\.\d{1,3}$"))
    short = field.input_value()
    field.fill("-0.005003")
    assert field.evaluate("input => input.scrollWidth <= input.clientWidth")
    page.get_by_role("button", name="Set all to the middle of their ranges").click()
    expect(field).to_have_value(short)


def test_what_is_said_of_accuracy_is_said_once(page: Page, lab: str, api: httpx.Client) -> None:
    """The best is told where it is not the last; held-out examples only where there are some."""
    run = trained(api, training={"steps": 1, "log_every": 1})
    page.goto(f"{lab}/#/runs/{run}")
    known = api.get(f"/v1/runs/{run}").json()["metrics"]["train_accuracy"]
    assert known["last"] == known["best"]
    expect(page.locator("#accuracy-chart .chart-summary")).to_have_text(re.compile(r"^training: [\d.]+%$"))
    expect(page.locator("#confusion-chart .chart-summary")).to_have_text(re.compile(r"examples are right at step 1\.$"))


def test_the_last_step_stands_at_the_axis(page: Page, lab: str, api: httpx.Client) -> None:
    """Its label makes room for itself."""
    page.goto(f"{lab}/#/runs/{trained(api, training={'steps': 1000})}")
    grows(page, 999)
    for name in ("accuracy", "learning-rate"):
        chart = page.locator(f"#{name}-chart")
        expect(chart.locator(".xaxislayer-above text").last).to_have_text("1,000")
        edge = box(chart.locator(".chart-plot"))
        last = box(chart.locator(".xaxislayer-above text").last)
        assert last["x"] + last["width"] <= edge["x"] + edge["width"] + 1


def test_there_is_no_step_before_the_first(page: Page, lab: str, api: httpx.Client) -> None:
    """A run of a single point: nothing stands at the axis but the steps that there were."""
    rate = {"dataset": {"kind": "spiral"}, "model": {"kind": "mlp"}, "optimizer": sgd(1e6)}
    run = api.post("/v1/runs", json=rate, headers={"Prefer": "wait=60"}).json()
    assert run["error"]["code"] == "diverged"
    page.goto(f"{lab}/#/runs/{run['id']}")
    labels = page.locator("#loss-chart .xaxislayer-above text:not(.xtitle)")
    expect(labels).to_have_text(["0", str(run["progress"]["step"])])


def test_an_underscore_of_an_example_is_seen(page: Page, lab: str) -> None:
    """The box of a placeholder is no higher than its letters: what hangs below it is not cut off."""
    page.goto(f"{lab}/#/runs")
    shown = page.locator("#runs-filter").evaluate("input => getComputedStyle(input, '::placeholder').overflowY")
    assert shown == "visible"


def test_a_narrow_page_shows_all_of_a_model(page: Page, lab: str, api: httpx.Client) -> None:
    """Each version is a card: what can be done with it needs no scrolling sideways."""
    api.put("/v1/models/narrow/aliases/production", json={"run": trained(api)}).raise_for_status()
    page.set_viewport_size({"width": 360, "height": 900})
    for view in ("/models/narrow", "/models"):
        page.goto(f"{lab}/#{view}")
        use = box(page.locator("tbody tr").filter(has_text="production").first.get_by_role("link", name=re.compile("^Use")))
        assert use["x"] + use["width"] < 360, view


def box(part: Locator) -> dict[str, float]:
    """Return where something is."""
    found = part.bounding_box()
    assert found is not None
    return {"x": found["x"], "y": found["y"], "width": found["width"], "height": found["height"]}
