"""Settings of the whole session: BLAS threads, Hypothesis, patience, tools of the machine, which tests stay together."""

import httpx
import pytest
from hypothesis import HealthCheck, settings

from service.blas import use_one_thread
from tests.groups import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.tools import TOOLS, need, reason

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]

use_one_thread()  # before anything loads NumPy

# The 5 seconds that httpx waits by default are not many on a busy machine. All its calls share this object.
PATIENCE = httpx._config.DEFAULT_TIMEOUT_CONFIG
PATIENCE.connect = PATIENCE.read = PATIENCE.write = PATIENCE.pool = 60.0

# A red test is red again in the next run. No example has a time: on a busy machine any of them may take a second.
settings.register_profile("postgrad", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("postgrad")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test marked with a tool that is not there."""
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            need(name)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the output with one line on the tools whose lack left tests out. pytest_terminal_summary would not be the end."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput"):
        return
    said = [str(report.longrepr) for report in terminal.stats.get("skipped", [])]
    left_out = {name: count for name in TOOLS if (count := sum(reason(name) in one for one in said))}
    if left_out:
        told = " ".join(f"{count} skipped. {reason(name)}" for name, count in left_out.items())
        terminal.write_line(f"NOT EVERY TEST WAS RUN: {told}", red=True, bold=True)
