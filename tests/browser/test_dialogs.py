"""Dialogs of a run: what the server says against them stands at the field that it is about."""

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.runs import trained


@pytest.fixture
def run(page: Page, lab: str, api: httpx.Client) -> str:
    """Open a run that has ended; return its id."""
    run = trained(api)
    page.goto(f"{lab}/#/runs/{run}")
    return run


def opened(page: Page, name: str) -> Locator:
    """Open a dialog by its button."""
    page.get_by_role("button", name=name, exact=True).click()
    return page.get_by_role("dialog")


def told_at(dialog: Locator, label: str, text: str) -> None:
    """Expect that a field is wrong, has the focus, and says why; and that nothing is said above all fields."""
    field = dialog.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    about = (field.get_attribute("aria-describedby") or "").split()[-1]
    expect(dialog.locator(f"[id='{about}']")).to_contain_text(text)
    expect(dialog.locator(".notice")).to_have_count(0)


@pytest.mark.usefixtures("run")
def test_extend(page: Page) -> None:
    """Fewer steps than are done."""
    dialog = opened(page, "Extend")
    dialog.get_by_label("Steps in all").fill("7")
    dialog.get_by_role("button", name="Extend", exact=True).click()
    told_at(dialog, "Steps in all", "200")
    dialog.get_by_label("Steps in all").fill("400")
    expect(dialog.get_by_label("Steps in all")).not_to_have_attribute("aria-invalid", "true")


@pytest.mark.usefixtures("run")
def test_promote(page: Page) -> None:
    """A name with a space."""
    dialog = opened(page, "Promote")
    dialog.get_by_label("Model name").fill("two words")
    dialog.get_by_role("button", name="Promote", exact=True).click()
    told_at(dialog, "Model name", "name")


@pytest.mark.usefixtures("run")
def test_fork(page: Page) -> None:
    """A field of the overrides, and one beside them."""
    dialog = opened(page, "Fork")
    dialog.get_by_label("Learning rate", exact=True).fill("-1")
    dialog.get_by_role("button", name="Fork", exact=True).click()
    told_at(dialog, "Learning rate", "learning_rate")
    dialog.get_by_label("Learning rate", exact=True).fill("0.5")
    dialog.get_by_label("Name", exact=True).evaluate(
        "input => { input.removeAttribute('maxlength'); input.value = 'x'.repeat(300); }"
    )
    dialog.get_by_role("button", name="Fork", exact=True).click()
    told_at(dialog, "Name", "200")


def test_what_names_no_field_stands_above(page: Page, api: httpx.Client, run: str) -> None:
    """The run is gone: that is about no field."""
    dialog = opened(page, "Extend")
    api.delete(f"/v1/runs/{run}").raise_for_status()
    dialog.get_by_role("button", name="Extend", exact=True).click()
    expect(dialog.locator(".notice")).to_contain_text(run)
    expect(dialog.locator("[aria-invalid=true]")).to_have_count(0)
