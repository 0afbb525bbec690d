"""A live server for the tests of the command line, and the command line itself as a real process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live import ROOT, live_server

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="package")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a live server."""
    with live_server(tmp_path_factory.mktemp("cli") / "data") as (url, _):
        yield url


@pytest.fixture
def postgrad(url: str, tmp_path: Path) -> Run:
    """Run `postgrad …` against the live server, in an empty directory."""

    def run(*args: object, stdin: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "service", *map(str, args)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "POSTGRAD_URL": url, **env},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
