"""Programs of the machine that the tests run: `make tools` gets what is missing, `need` says in a test what is.

A tool is found where its variable says, among the commands of PATH, or where its other way of installing puts it; and it is
there only if it runs: a browser that lacks a library is none. Tools are installed before pytest begins, never by a test:
several workers would do so at once.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import playwright
import pytest

PLAYWRIGHT = str(Path(playwright.__file__).parent / "driver" / "node")


@dataclass(frozen=True)
class Tool:
    """A program: its names, Debian's package, the variable that names its path, and how to get it without root."""

    serves: str
    commands: tuple[str, ...]
    package: str
    variable: str | None = None
    module: tuple[str, ...] = ()
    """Arguments of `python -m` that install it for one user."""
    place: Callable[[], str] | None = None
    """Returns where those put it."""

    def path(self) -> str | None:
        """Return where it is, if it is there and runs."""
        if self.variable and (named := os.environ.get(self.variable)):
            return named if runs(named) else None
        if found := next(filter(runs, self.commands), None):
            return shutil.which(found)
        return None if self.place is None or not runs(place := self.place()) else place

    @property
    def how(self) -> str:
        """Say how to get it."""
        ways = [f"run `apt-get install {self.package}` as root on Debian or Ubuntu"]
        if self.module:
            ways.append(f"run `.venv/bin/python -m {' '.join(self.module)}`")
        if self.variable:
            ways.append(f"set {self.variable} to its path")
        return ", or ".join(ways)


@cache
def runs(command: str) -> bool:
    """Return whether a program is there and can tell its version."""
    if shutil.which(command) is None:
        return False
    try:
        return (
            subprocess.run([command, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


def playwrights_chromium() -> str:
    """Return where `playwright install chromium` puts its own, there or not; nothing if Playwright does not run."""
    if not runs(PLAYWRIGHT):
        return ""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (half a second, for machines without a Chromium only)

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


TOOLS: Mapping[str, Tool] = MappingProxyType(
    {
        "curl": Tool("the commands of the documents and of --print-curl", ("curl",), "curl"),
        "libatomic": Tool("Playwright, in the tests of the Lab", (PLAYWRIGHT,), "libatomic1"),
        "chromium": Tool(
            "the tests of the Lab",
            ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
            "chromium-headless-shell",  # without windows and what belongs to them: two thirds of the time of the tests
            variable="CHROMIUM",
            module=("playwright", "install", "chromium"),
            place=playwrights_chromium,
        ),
    }
)


def need(name: str) -> str:
    """Return the path of a tool; without it, the test is skipped, and fails where CI is set."""
    found = TOOLS[name].path()
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason(name))
    return found


def reason(name: str) -> str:
    """Say that a tool is missing, and how to get it."""
    return f"There is no {name}: {TOOLS[name].how}."


def missing(tools: Mapping[str, Tool] = TOOLS) -> dict[str, Tool]:
    """Return the tools that are not there."""
    return {name: tool for name, tool in tools.items() if tool.path() is None}


def install(tools: Mapping[str, Tool] = TOOLS, *, root: bool) -> dict[str, Tool]:
    """Get what is missing: by apt as root, else by its other way. Return what is missing still."""
    if (absent := missing(tools)) and root and shutil.which("apt-get"):
        apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
        _run([*apt, "update"])
        for tool in absent.values():  # one by one: a package unknown to this release keeps no other away
            _run([*apt, "install", "--yes", "--no-install-recommends", tool.package], DEBIAN_FRONTEND="noninteractive")
    runs.cache_clear()
    for tool in missing(tools).values():
        if tool.module:
            _run([sys.executable, "-m", *tool.module])
    runs.cache_clear()
    return missing(tools)


def _run(command: list[str], **env: str) -> None:
    """Run a command and say so; of one that fails, show how it ended."""
    _say(f"{' '.join(command)} …")
    done = subprocess.run(
        command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        _say(f"that failed with exit code {done.returncode}:\n{(done.stdout + done.stderr).strip()[-2000:]}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Install; return 1 if a tool could not be had where CI is set."""
    without = install(root=os.geteuid() == 0)
    for name, tool in without.items():
        _say(f"{reason(name)} It serves {tool.serves}.")
    return int(bool(without) and bool(os.environ.get("CI")))


if __name__ == "__main__":
    sys.exit(main())
