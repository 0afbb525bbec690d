"""A file of the database that cannot be written or is damaged, and two servers that would share one."""

import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from service.client import Client
from service.errors import Busy, Damaged
from service.store import faults
from service.store.faults import Faults
from tests.live import ROOT, live_server

TINY = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 20}}
LARGE = {"parameters": {"kind": "spiral", "points_per_class": 10_000, "classes": 5}}
"""A dataset of 1.2 MB."""


def _damage(path: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    connection = sqlite3.connect(path)
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def _doctor(data: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "service", "doctor", "--data-dir", str(data)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_damaged_page_is_told(tmp_path: Path) -> None:
    """Who meets it gets 503 database_damaged, the log has an error, /readyz is 503, and the doctor names it."""
    data = tmp_path / "data"
    with live_server(data) as (url, _), Client(url) as client:
        run_id = client.runs.create(TINY)["id"]
        client.runs.wait(run_id, timeout=60)
    assert "the database is damaged" not in _doctor(data).stdout
    _damage(data / "postgrad.sqlite3", "checkpoints")
    with live_server(data) as (url, _):
        assert httpx.get(f"{url}/readyz").status_code == 200  # nobody has met it
        answer = httpx.get(f"{url}/v1/runs/{run_id}/checkpoints")
        assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (503, "database_damaged", False)
        assert httpx.get(f"{url}/v1/runs/{run_id}").status_code == 200
        ready = httpx.get(f"{url}/readyz")
        assert (ready.status_code, ready.json()["detail"]) == (503, "not ready: database")
    assert '"level": "error"' in next(line for line in data.with_suffix(".log").read_text().splitlines() if "malformed" in line)
    told = _doctor(data)
    assert told.returncode == 1
    assert "problem: the database is damaged: " in told.stdout


def test_an_io_error_is_told(tmp_path: Path) -> None:
    """A file that cannot grow gives an I/O error: 503, an error in the log, and /readyz 503."""
    data = tmp_path / "data"
    with live_server(data, POSTGRAD_WORKERS="0") as (url, server):
        assert httpx.post(f"{url}/v1/runs", json=TINY).status_code == 202
        largest = max(path.stat().st_size for path in data.iterdir() if path.is_file() and "reserve" not in path.name)
        before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
        answer = httpx.post(f"{url}/v1/datasets", json=LARGE, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert "I/O error" in answer.json()["detail"]
        assert httpx.get(f"{url}/readyz").json()["checks"]["database"] is False
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
        assert httpx.post(f"{url}/v1/datasets", json=LARGE, timeout=60).status_code == 201
    assert '"level": "error"' in next(line for line in data.with_suffix(".log").read_text().splitlines() if "I/O error" in line)


def test_a_fault_is_remembered_and_told_now_and_then(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An I/O error for a minute, damage for good; the log is not filled with them."""
    now = 1000.0
    monkeypatch.setattr("service.store.faults.time.monotonic", lambda: now)
    seen = Faults()
    assert seen.see("no such table: absent") is None
    assert not seen.present
    for _ in range(50):
        assert isinstance(seen.see("disk I/O error"), Busy)
    assert (seen.present, len(caplog.records)) == (True, 1)
    now += faults.REMEMBERED_SECONDS
    assert not seen.present
    assert isinstance(seen.see("database disk image is malformed"), Damaged)
    now += 10**6
    assert (seen.present, len(caplog.records)) == (True, 2)


def test_one_server_for_each_database(tmp_path: Path) -> None:
    """A second one with another data directory is refused, also by another way to the same file."""
    (tmp_path / "link").symlink_to(tmp_path)
    url = f"sqlite:///{tmp_path / 'one.sqlite3'}"
    with live_server(tmp_path / "a", POSTGRAD_DATABASE_URL=url):
        for other in (url, f"sqlite:///{tmp_path / 'link' / 'one.sqlite3'}"):
            command = [sys.executable, "-m", "service", "serve", "--port", "0", "--data-dir", str(tmp_path / "b")]
            env = {"PATH": "/usr/bin", "POSTGRAD_DATABASE_URL": other}
            second = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
            assert second.returncode == 1
            assert "another postgrad server uses the database" in second.stderr
    with live_server(tmp_path / "b", POSTGRAD_DATABASE_URL=url) as (server, _):
        assert httpx.get(f"{server}/readyz").status_code == 200
