"""A small file system that fills up, by runs and by others, and is freed again."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.client import APIStatusError, Client
from tests.faults.processes import until, workers_of
from tests.faults.undisturbed import undisturbed
from tests.live import ROOT, live_server

MIB = 1024 * 1024
DISK_BYTES, FLOOR_BYTES = 64 * MIB, 12 * MIB
BIG: dict[str, Any] = {
    "dataset": {"kind": "spiral"},
    "model": {"kind": "mlp", "hidden_sizes": [2000]},
    "optimizer": {"kind": "adam"},
    "training": {"steps": 180, "log_every": 1, "checkpoint_every": 1},
}
"""A run of 27 MB: 181 checkpoints of 149 kB."""
ENDLESS = {**BIG, "training": {"steps": 10_000, "log_every": 1, "checkpoint_every": 1}}
SMALL: dict[str, Any] = {
    "dataset": {"kind": "spiral"},
    "model": {"kind": "softmax"},
    "optimizer": {"kind": "sgd"},
    "training": {"steps": 10},
}
SETTINGS = {"POSTGRAD_MIN_FREE_BYTES": str(FLOOR_BYTES), "POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1", "POSTGRAD_WORKERS": "2"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 64 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here; tests/service/runs/test_backlog.py fills a database without it")
    if mounted.returncode:
        pytest.skip(f"{mounted.stderr.strip()}; tests/service/runs/test_backlog.py fills a database without it")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(path: Path, leave_bytes: int) -> None:
    """Let another program take all of the disk but so much."""
    disk = os.statvfs(path.parent)
    with path.open("ab", buffering=0) as file, suppress(OSError):
        for _ in range(max(0, disk.f_bavail * disk.f_frsize - leave_bytes) // 4096 + 1):
            file.write(bytes(4096))


def _ready(url: str) -> dict[str, Any]:
    answer = httpx.get(f"{url}/readyz")
    assert (answer.status_code == 200) == all(answer.json()["checks"].values())
    return dict(answer.json()["checks"])


def _metric(client: Client, name: str) -> float:
    return float(next(line.split()[1] for line in client.metrics().splitlines() if line.startswith(f"{name} ")))


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _key(data_dir: Path, name: str) -> str:
    command = [sys.executable, "-m", "service", "keys", "create", "--name", name, "--scope", "admin"]
    made = subprocess.run([*command, "--data-dir", str(data_dir)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def _refused(client: Client) -> APIStatusError:
    with pytest.raises(APIStatusError) as refusal:
        client.runs.create(SMALL)
    return refusal.value


def test_from_full_to_freed(disk: Path, tmp_path: Path) -> None:
    """Runs wait, cancel, delete and new keys work throughout, and when there is room all goes on with the same bits."""
    data, filler = tmp_path / "data", disk / "filler"
    (disk / "data").mkdir(mode=0o700)
    data.symlink_to(disk / "data")  # the log lies beside it, on another disk
    _fill(filler, FLOOR_BYTES + 16 * MIB)
    with live_server(data, **SETTINGS) as (url, server), Client(url, max_retries=0) as open_client:
        big, endless = (open_client.runs.create(body)["id"] for body in (BIG, ENDLESS))
        waiting = [open_client.runs.create(SMALL)["id"] for _ in range(3)]
        until(lambda: not _ready(url)["disk"])

        # Below the floor: workers wait and hold no more, what is new is refused, the rest is done.
        peaks = {pid: _peak_mib(pid) for pid in workers_of(server.pid)}
        refusal = _refused(open_client)
        assert (refusal.status, refusal.code) == (503, "disk_full")
        assert f"keeps {FLOOR_BYTES:,} free (POSTGRAD_MIN_FREE_BYTES)" in str(refusal)
        assert _metric(open_client, "postgrad_disk_low") == 1
        open_client.runs.cancel(waiting[0])
        open_client.runs.delete(waiting[0])
        until(lambda: _steps(open_client, big, endless) == _later(lambda: _steps(open_client, big, endless)))
        assert _steps(open_client, big)[0] < BIG["training"]["steps"]
        grown = {pid: _peak_mib(pid) - before for pid, before in peaks.items()}
        print("MiB that workers grew by while they waited:", grown)
        assert max(grown.values()) < 40

        # Nothing is free at all: others have taken the rest.
        _fill(filler, 0)
        key = _key(data, "first")
        with Client(url, api_key=key, max_retries=0) as client:
            client.runs.cancel(waiting[1])
            client.runs.delete(waiting[1])
            client.runs.cancel(endless)
            until(lambda: client.runs.get(endless)["status"] == "cancelled")
            _fill(filler, 0)
            client.runs.delete(endless)
            assert client.runs.get(big)["status"] == "running"
            assert _refused(client).code == "disk_full"

            # Freed: everything goes on by itself.
            filler.unlink()
            until(lambda: _ready(url)["disk"])
            run = client.runs.wait(big, timeout=60)
            assert (run["status"], run["attempt"]) == ("succeeded", 1)
            assert run["weights_digest"] == undisturbed(BIG).weights_digest
            assert client.runs.loss_history(big)["series"]["loss"] == undisturbed(BIG).loss
            assert client.runs.wait(waiting[2], timeout=60)["weights_digest"] == undisturbed(SMALL).weights_digest
            assert client.runs.wait(client.runs.create(SMALL)["id"], timeout=60)["status"] == "succeeded"
            until((data / "postgrad.sqlite3-reserve").exists)
    log = data.with_suffix(".log").read_text()
    assert log.count("the disk is nearly full") == log.count("the disk has room again") >= 1
    assert log.count("the disk is nearly full") <= 3  # to delete makes room within the database
    assert " is full: " in log  # of the run that was cancelled


def test_a_start_on_a_full_disk(disk: Path, tmp_path: Path) -> None:
    """A key is made and a server starts, clears the disk and trains what has waited."""
    data, filler = tmp_path / "data", disk / "filler"
    (disk / "data").mkdir(mode=0o700)
    data.symlink_to(disk / "data")
    with live_server(data, **SETTINGS) as (url, _), Client(url) as client:
        done = client.runs.wait(client.runs.create(BIG)["id"], timeout=60)["id"]
    with live_server(data, **{**SETTINGS, "POSTGRAD_WORKERS": "0"}) as (url, _), Client(url) as client:
        waiting = client.runs.create(SMALL)["id"]
    assert (data / "postgrad.sqlite3-reserve").exists()
    _fill(filler, 0)
    key = _key(data, "first")
    assert not (data / "postgrad.sqlite3-reserve").exists()
    with live_server(data, **SETTINGS) as (url, _), Client(url, api_key=key) as client:
        assert _ready(url)["disk"] is False
        client.runs.delete(done)
        assert client.runs.get(waiting)["status"] == "queued"
        filler.unlink()
        assert client.runs.wait(waiting, timeout=60)["weights_digest"] == undisturbed(SMALL).weights_digest


def _steps(client: Client, *run_ids: str) -> list[int]:
    return [int(client.runs.get(run_id)["progress"]["step"]) for run_id in run_ids]


def _later(look: Any) -> Any:
    time.sleep(2)
    return look()
