"""Which tests stay together when several processes share them: those of a file, which share its fixtures.

The tests of a few files start servers of their own, and go one by one to whichever process is free.
"""

from collections.abc import Iterable

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

APART = frozenset(
    (
        "tests/e2e/test_demo.py",
        "tests/faults/test_death.py",
        "tests/faults/test_kill_storm.py",
        "tests/faults/test_pause.py",
        "tests/service/api/test_keys.py",
        "tests/service/api/test_telemetry.py",
        "tests/service/cli/test_doctor.py",
        "tests/service/cli/test_exit_codes.py",
        "tests/service/cli/test_json_lines.py",
        "tests/service/cli/test_live.py",
        "tests/service/cli/test_serve.py",
        "tests/service/cli/test_train.py",
        "tests/service/test_logs.py",
        "tests/test_cpus.py",
        "tests/test_readme.py",
    )
)
"""Files whose tests share no fixture of the file."""

LONGEST = "tests/test_cpus.py"


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Deals out files, the largest first, then single tests: the groups of pytest-xdist 3.8 have no effect in pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in APART else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Deal tests out like that, whatever `--dist` says."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest tests be the first of those dealt out singly: nothing waits for them at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def shared_in(items: Iterable[pytest.Item]) -> set[str]:
    """Return those of the files above in which a test has a fixture that others have too."""
    found = set()
    for item in items:
        known = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 (pytest shows the scopes of fixtures nowhere else)
        if any(definition.scope in ("module", "class") for definitions in known.values() for definition in definitions):
            found.add(item.nodeid.partition("::")[0])
    return found & APART
