"""Tools of the machine are got where they can be, and a test without its tool is loud about it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import ROOT
from tests.tools import TOOLS, Tool, install, need

LAB = "tests/browser/test_korean.py"
APT = """#!/bin/sh
echo "$@" >> {log}
for last; do :; done
case "$*" in *install*unknown*) exit 100;; *install*) {ln} -s {true} {folder}/$last;; esac
"""


def run_without(folder: Path, *command: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run Python where PATH holds nothing and Playwright keeps its browsers in a folder."""
    names = ("CI", *(tool.variable for tool in TOOLS.values()), "PYTEST_ADDOPTS")
    clean = {name: value for name, value in os.environ.items() if name not in names and not name.startswith("PYTEST_XDIST")}
    clean |= {"PATH": str(folder / "none"), "PLAYWRIGHT_BROWSERS_PATH": str(folder / "browsers"), **env}
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=clean, capture_output=True, text=True, check=False)


def test_without_chromium_the_lab_is_not_tested_and_the_last_line_says_so(tmp_path: Path) -> None:
    """One line at the very end counts the tests that were skipped, and tells how to get it."""
    done = run_without(tmp_path, "-m", "pytest", "-q", LAB)
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 0, done.stdout + done.stderr
    assert last.startswith("NOT EVERY TEST WAS RUN: 1 skipped. There is no chromium: run `apt-get install chromium")
    assert "`.venv/bin/python -m playwright install chromium`" in last
    assert "CHROMIUM" in last


def test_in_ci_a_missing_tool_is_no_excuse(tmp_path: Path) -> None:
    """What is skipped elsewhere fails there."""
    done = run_without(tmp_path, "-m", "pytest", "-q", LAB, CI="true")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "There is no chromium" in done.stdout
    assert "1 error" in done.stdout.splitlines()[-1]


def test_the_chromium_that_playwright_has_installed_is_found(tmp_path: Path) -> None:
    """With no other on the machine, the Lab is tested in it."""
    real = need("chromium")
    place = Path(run_without(tmp_path, "-c", "from tests.tools import playwrights_chromium as it; print(it())").stdout.strip())
    assert place.is_relative_to(tmp_path)
    place.parent.mkdir(parents=True)
    place.write_text(f'#!/bin/sh\nPATH="{os.environ["PATH"]}" exec {real} "$@"\n')
    place.chmod(0o755)
    done = run_without(tmp_path, "-m", "pytest", "-q", LAB)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let PATH hold nothing but an `apt-get` that installs every package except one; return the list of what it was told."""
    folder, log = tmp_path / "bin", tmp_path / "apt.log"
    folder.mkdir()
    (folder / "apt-get").write_text(APT.format(log=log, folder=folder, ln=shutil.which("ln"), true=shutil.which("true")))
    (folder / "apt-get").chmod(0o755)
    log.touch()
    monkeypatch.setenv("PATH", str(folder))
    return log


def made_by_venv(tmp_path: Path, package: str) -> Tool:
    """Return a tool that `python -m venv` can install."""
    made = tmp_path / "made"
    way = ("venv", "--without-pip", str(made))
    return Tool("this test", (package,), package, module=way, place=lambda: str(made / "bin" / "python"))


def test_root_has_apt_install_what_is_missing(apt: Path, tmp_path: Path) -> None:
    """Lists are renewed once, each package is asked for by itself, and the other way is not taken."""
    tools = {name: made_by_venv(tmp_path, name) for name in ("one", "two")}
    assert install(tools, root=True) == {}
    told = apt.read_text().splitlines()
    assert [line.split()[-1] for line in told] == ["update", "one", "two"]
    assert not (tmp_path / "made").exists()
    assert install(tools, root=True) == {}
    assert apt.read_text().splitlines() == told


def test_what_apt_does_not_have_comes_the_other_way(apt: Path, tmp_path: Path) -> None:
    """A failure of apt is no end."""
    tool = made_by_venv(tmp_path, "unknown")
    assert install({"unknown": tool}, root=True) == {}
    assert apt.read_text().splitlines()[-1].endswith("unknown")
    assert tool.path() == str(tmp_path / "made" / "bin" / "python")


def test_without_root_apt_is_not_asked(apt: Path, tmp_path: Path) -> None:
    """It goes the other way at once; a tool without one stays missing."""
    tools = {"one": made_by_venv(tmp_path, "one"), "two": Tool("this test", ("two",), "two")}
    assert install(tools, root=False) == {"two": tools["two"]}
    assert apt.read_text() == ""


def test_a_variable_names_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes before PATH, and one that names nothing finds nothing: another program than the one asked for is no help."""
    tool = Tool("this test", ("cat",), "coreutils", variable="THE_TOOL")
    assert tool.path() == shutil.which("cat")
    monkeypatch.setenv("THE_TOOL", sys.executable)
    assert tool.path() == sys.executable
    monkeypatch.setenv("THE_TOOL", "/nowhere/cat")
    assert tool.path() is None
