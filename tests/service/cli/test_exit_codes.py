"""Each exit code, by a command that ends with it."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.cli.codes import MEANINGS, ExitCode
from service.client import Client
from tests.live import ROOT, live_server
from tests.service.cli.conftest import Run

TRAIN = ("train", "--dataset", "spiral", "--model", "softmax")
LONG = (*TRAIN, "--steps", "100000000", "--follow", "-q")


def timed_out(postgrad: Run, url: str, _: Path) -> int:
    """Follow a run that takes longer than --timeout; it goes on."""
    done = postgrad(*LONG, "--timeout", 0.5)
    run_id = done.stdout.strip()
    assert f"the run goes on; watch it: postgrad runs watch {run_id}" in done.stderr
    with Client(url) as client:
        assert client.runs.cancel(run_id)["id"] == run_id  # it was still there to be stopped
    return done.returncode


def cancelled(postgrad: Run, url: str, _: Path) -> int:
    """Watch a run that is cancelled."""
    run_id = postgrad(*TRAIN, "--steps", 10**8, "-q").stdout.strip()
    with Client(url) as client:
        client.runs.cancel(run_id)
    return postgrad("runs", "watch", run_id).returncode


def interrupted(postgrad: Run, url: str, _: Path) -> int:
    """Press Ctrl-C."""
    del postgrad
    command = [sys.executable, "-m", "service", *LONG]
    env = {**os.environ, "POSTGRAD_URL": url}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    with Client(url) as client:
        client.runs.cancel(run_id)
    return process.returncode


def not_allowed(postgrad: Run, __: str, directory: Path) -> int:
    """Ask with a key that may not."""
    env = {"POSTGRAD_DATA_DIR": str(directory / "closed")}
    secrets = [
        postgrad("keys", "create", "--name", scope, "--scope", scope, **env).stdout.strip() for scope in ("admin", "read")
    ]
    with live_server(directory / "closed") as (closed, _):
        without = postgrad("runs", "ls", "--url", closed)
        assert (without.returncode, "set POSTGRAD_API_KEY" in without.stderr) == (ExitCode.NOT_ALLOWED, True)
        assert postgrad("runs", "ls", "--url", closed, POSTGRAD_API_KEY=secrets[1]).returncode == ExitCode.OK
        return postgrad(*TRAIN, "--url", closed, POSTGRAD_API_KEY=secrets[1]).returncode


def newer(postgrad: Run, _: str, directory: Path) -> int:
    """Serve a database of a newer version."""
    assert postgrad("db", "upgrade", "--data-dir", "newer").returncode == ExitCode.OK
    with sqlite3.connect(directory / "newer/postgrad.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    assert postgrad("doctor", "--data-dir", "newer").returncode == ExitCode.NEWER_DATABASE
    return postgrad("serve", "--port", 0, "--data-dir", "newer").returncode


WAYS: dict[str, tuple[ExitCode, Callable[[Run, str, Path], int]]] = {
    "ok": (ExitCode.OK, lambda run, *_: run(*TRAIN, "--steps", 5, "--follow").returncode),
    "error": (ExitCode.ERROR, lambda run, *_: run("runs", "ls", "--url", "no address").returncode),
    "usage": (ExitCode.USAGE, lambda run, *_: run(*TRAIN, "--steps", 0).returncode),
    "usage of the command line": (ExitCode.USAGE, lambda run, *_: run(*TRAIN, "--timeout", 1).returncode),
    "run failed": (ExitCode.RUN_FAILED, lambda run, *_: run(*TRAIN, "--learning-rate", 10**6, "--follow").returncode),
    "newer database": (ExitCode.NEWER_DATABASE, newer),
    "not allowed": (ExitCode.NOT_ALLOWED, not_allowed),
    "not found": (ExitCode.NOT_FOUND, lambda run, *_: run("runs", "show", "run_0").returncode),
    "run cancelled": (ExitCode.RUN_CANCELLED, cancelled),
    "unreachable": (ExitCode.UNREACHABLE, lambda run, *_: run("runs", "ls", "--url", "http://127.0.0.1:1").returncode),
    "timed out": (ExitCode.TIMED_OUT, timed_out),
    "interrupted": (ExitCode.INTERRUPTED, interrupted),
}


@pytest.mark.parametrize(("code", "way"), WAYS.values(), ids=WAYS)
def test_a_command_ends_with_its_code(
    postgrad: Run, url: str, tmp_path: Path, code: ExitCode, way: Callable[[Run, str, Path], int]
) -> None:
    """What happened is told by the exit code."""
    assert way(postgrad, url, tmp_path) == code


def test_every_code_is_shown_and_told(postgrad: Run) -> None:
    """None is missing above, in `postgrad help exit-codes`, or in docs/cli.md, which say the same of each."""
    assert {code for code, _ in WAYS.values()} == set(ExitCode) == set(MEANINGS)
    told = dict(re.findall(r"^ *(\d+)  (.+?) *$", postgrad("help", "exit-codes").stdout, re.MULTILINE))
    written = dict(re.findall(r"^\| (\d+) \| (.+) \|$", (ROOT / "docs/cli.md").read_text(), re.MULTILINE))
    assert told == {str(int(code)): meaning for code, meaning in MEANINGS.items()}
    assert {code: text.replace("`", "") for code, text in written.items()} == told
