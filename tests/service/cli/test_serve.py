"""postgrad serve and postgrad db: how a server starts, refuses to start, and ends."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.live import ROOT, live_server
from tests.service.cli.conftest import Run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_says_where_it_is_and_ends_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    """One line on stdout once it accepts; a signal gives the running run back to the queue, and the exit code is 0."""
    data_dir = tmp_path / "data"
    with live_server(data_dir, POSTGRAD_WORKERS="1") as (url, process):
        assert httpx.get(f"{url}/readyz").json()["status"] == "ready"
        body = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 10**8}}
        run_id = httpx.post(f"{url}/v1/runs", json=body).json()["id"]
        while httpx.get(f"{url}/v1/runs/{run_id}").json()["progress"]["step"] == 0:
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert "Traceback" not in data_dir.with_suffix(".log").read_text()
    with closing(sqlite3.connect(data_dir / "postgrad.sqlite3")) as database:
        assert database.execute("SELECT status FROM runs").fetchall() == [("queued",)]


def test_a_signal_while_it_starts_ends_it_too(tmp_path: Path) -> None:
    """Whenever the signal comes, the server ends without a trace."""
    command = [sys.executable, "-m", "service", "serve", "--port", "0", "--data-dir", str(tmp_path / "data"), "--workers", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "data" / "server.lock").exists():
            time.sleep(0.005)
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in said


def test_a_second_server_on_the_data_directory_is_refused(tmp_path: Path, postgrad: Run) -> None:
    """It says in one sentence which directory is in use, without a trace."""
    with live_server(tmp_path / "data", POSTGRAD_WORKERS="0"):
        second = postgrad("serve", "--port", 0, "--data-dir", tmp_path / "data")
    assert (second.returncode, second.stdout) == (1, "")
    another = "choose another directory with --data-dir or POSTGRAD_DATA_DIR"
    sentence = f"another postgrad server uses {tmp_path / 'data'}: stop it, or {another}"
    assert second.stderr.splitlines() == [f"error: {sentence}"]


def test_a_port_in_use_is_named(tmp_path: Path, postgrad: Run) -> None:
    """The port is in the sentence, and the data directory is left alone."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = postgrad("serve", "--port", port, "--data-dir", tmp_path / "data")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.splitlines()[0] == f"error: port {port} on 127.0.0.1 is in use"
    assert not (tmp_path / "data").exists()


def test_a_newer_database_is_refused(tmp_path: Path, postgrad: Run) -> None:
    """`db upgrade` makes the tables once; a revision of the future is exit code 3 for it and for `serve`."""
    first = postgrad("db", "upgrade", "--data-dir", tmp_path / "data")
    again = postgrad("db", "upgrade", POSTGRAD_DATA_DIR=str(tmp_path / "data"))
    assert (first.returncode, first.stderr) == (0, "")
    assert re.fullmatch(r"\w+\n", first.stdout)
    assert again.stdout == first.stdout
    with closing(sqlite3.connect(tmp_path / "data" / "postgrad.sqlite3")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (["db", "upgrade"], ["serve", "--port", 0]):
        refused = postgrad(*command, "--data-dir", tmp_path / "data")
        assert (refused.returncode, refused.stdout) == (3, "")
        assert refused.stderr.startswith(
            "error: the database is at revision 9999, which this version of postgrad does not know"
        )
        assert refused.stderr.count("\n") == 1


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path, postgrad: Run) -> None:
    """A file where the data directory should be, and a file that is no database, are one sentence each."""
    (tmp_path / "file").write_text("no directory")
    refused = postgrad("serve", "--port", 0, "--data-dir", tmp_path / "file")
    assert (refused.returncode, refused.stderr.splitlines()) == (1, [f"error: File exists: {tmp_path / 'file'}"])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postgrad.sqlite3").write_text("no database, " * 1000)
    refused = postgrad("serve", "--port", 0, "--data-dir", tmp_path / "data")
    assert (refused.returncode, refused.stderr.splitlines()) == (1, ["error: file is not a database"])


def test_settings_have_an_order(tmp_path: Path, postgrad: Run) -> None:
    """A flag wins over the variable, the variable over `.env`; what is wrong is named with its flag and its variable."""
    (tmp_path / ".env").write_text("POSTGRAD_DATA_DIR=from-file\n")
    assert postgrad("db", "upgrade").returncode == 0
    assert postgrad("db", "upgrade", POSTGRAD_DATA_DIR="from-variable").returncode == 0
    assert postgrad("db", "upgrade", "--data-dir", "from-flag", POSTGRAD_DATA_DIR="unused").returncode == 0
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"from-file", "from-variable", "from-flag"}
    wrong = postgrad("serve", "--port", 0, POSTGRAD_WORKERS="many")
    assert wrong.returncode == 2
    assert "workers is 'many'" in wrong.stderr
    assert "--workers or POSTGRAD_WORKERS" in wrong.stderr


@pytest.mark.parametrize("how", [{"POSTGRAD_HOST": "0.0.0.0"}, {"POSTGRAD_REQUIRE_KEY": "true"}])  # noqa: S104 (what it is about)
def test_where_others_reach_it_a_server_needs_a_key(tmp_path: Path, postgrad: Run, how: dict[str, str]) -> None:
    """Without a key in the database it does not start and says how to make one; with one, every request needs one."""
    refused = postgrad("serve", "--port", 0, "--data-dir", "data", **how)
    assert refused.returncode == 1
    assert "postgrad keys create --name me --scope admin" in refused.stderr
    secret = postgrad("keys", "create", "--name", "me", "--scope", "admin", "--data-dir", "data").stdout.strip()
    with live_server(tmp_path / "data", POSTGRAD_WORKERS="0", **how) as (url, _):
        local = f"http://127.0.0.1:{url.rpartition(':')[2]}"
        assert "server" not in httpx.get(f"{local}/healthz").headers
        assert httpx.get(f"{local}/v1/runs").status_code == 401
        assert httpx.get(f"{local}/v1/runs", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert secret not in (tmp_path / "data.log").read_text()


def test_an_open_server_for_everybody_is_warned_about(tmp_path: Path) -> None:
    """Whoever says that no key is required gets an open server, and is told; a key closes it all the same."""
    settings = {"POSTGRAD_WORKERS": "0", "POSTGRAD_HOST": "0.0.0.0", "POSTGRAD_REQUIRE_KEY": "false"}  # noqa: S104
    with live_server(tmp_path / "data", **settings) as (url, _):
        port = url.rpartition(":")[2]
        runs, keys = f"http://127.0.0.1:{port}/v1/runs", f"http://127.0.0.1:{port}/v1/api-keys"
        assert httpx.get(runs).status_code == 200
        assert httpx.post(keys, json={"name": "me", "scopes": ["admin"]}).status_code == 201
        assert httpx.get(runs).status_code == 401
    log = (tmp_path / "data.log").read_text()
    assert f"warning: listening on 0.0.0.0 without a key: whoever reaches port {port} can use it" in log


def test_arithmetic_is_single_threaded(tmp_path: Path) -> None:
    """NumPy loads after the thread variables are set, whatever they were: the bits of a result depend on them."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    code = """
import os, sys, types
from service.cli.serve import serve
sys.modules["service.cli.server"] = types.SimpleNamespace(run=lambda *_: None)
serve()
import numpy, threadpoolctl
print({pool["num_threads"] for pool in threadpoolctl.threadpool_info()}, os.environ["OMP_NUM_THREADS"])
"""
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout == "{1} 1\n", run.stderr
