"""Which tests stay together when several processes share them: those of a file that share a fixture.

Every other test goes to whichever process is free. The small ones of the core come last, to fill what the long ones leave.
"""

import pytest

SHARED = ("module", "class")


def shares(item: pytest.Item) -> bool:
    """Return whether a test has a fixture that other tests of its file have too."""
    known = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 (pytest shows the scopes of fixtures nowhere else)
    return any(definition.scope in SHARED for definitions in known.values() for definition in definitions)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist writes the groups down
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the group of each test for `pytest --dist loadgroup`."""
    for item in items:
        if shares(item):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name}/{item.path.stem}"))
    items.sort(key=lambda item: "core" in item.path.parts)
