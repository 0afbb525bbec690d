"""Files of a server are for its user alone; a file that the user names is as any other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.client import Client
from tests.live import ROOT, live_server
from tests.service.cli.conftest import Run
from tests.service.cli.test_doctor import seen

TINY = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 20}}


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Let the processes that a test starts make files that others can read, as most systems do."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def _open_ones(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_all_that_a_server_writes(tmp_path: Path, processes: str) -> None:
    """In a directory that was there before and that others may enter, none of them can open a file."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    with live_server(data, POSTGRAD_PROCESSES=processes) as (url, _), Client(url) as client:
        client.runs.wait(client.runs.create(TINY)["id"], timeout=60)
        assert {"postgrad.sqlite3", "postgrad.sqlite3-wal", "postgrad.sqlite3-shm"} <= {path.name for path in data.iterdir()}
        assert _open_ones(data) == []
    assert _open_ones(data) == []


@pytest.mark.parametrize("command", [("keys", "create", "--name", "me", "--scope", "admin"), ("db", "upgrade")])
def test_what_commands_write(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A database that is made before the first start is as private."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    run = [sys.executable, "-m", "service", *command, "--data-dir", str(data)]
    subprocess.run(run, cwd=ROOT, capture_output=True, check=True)
    assert (data / "postgrad.sqlite3").stat().st_mode & 0o777 == 0o600
    assert _open_ones(data) == []


def test_an_export_is_as_any_file(postgrad: Run, url: str, tmp_path: Path) -> None:
    """Who names a file has it with the mode that the umask gives."""
    with Client(url) as client:
        run_id = client.runs.create(TINY)["id"]
        client.runs.wait(run_id, timeout=60)
    assert postgrad("export", run_id, "-o", "model.npz").returncode == 0
    assert (tmp_path / "model.npz").stat().st_mode & 0o777 == 0o644


def test_the_doctor_tells_of_older_files(postgrad: Run, url: str, tmp_path: Path) -> None:
    """A file that others can open is a problem, with the command that mends it; within a private directory it is none."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    assert postgrad("db", "upgrade").returncode == 0
    assert seen(postgrad, POSTGRAD_URL=url)["problems"] == []
    (data / "postgrad.sqlite3").chmod(0o644)
    (problem,) = seen(postgrad, POSTGRAD_URL=url)["problems"]
    assert problem["message"] == f"other users of this machine can read {data}/postgrad.sqlite3"
    data.chmod(0o700)
    assert seen(postgrad, POSTGRAD_URL=url)["problems"] == []
    data.chmod(0o755)
    subprocess.run(problem["hint"].split(), check=True)
    assert seen(postgrad, POSTGRAD_URL=url)["problems"] == []
