"""Workers that hang: noticed, told, killed and replaced; and none that only has much to do."""

import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.client import APIStatusError, Client
from tests.faults.processes import gone, until, workers_of
from tests.faults.undisturbed import FOUR_RUNS, undisturbed
from tests.live import live_server

SILENCE_SECONDS = 2.0
SETTINGS = {"POSTGRAD_WORKER_SILENCE_SECONDS": str(SILENCE_SECONDS), "POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1"}
BODY: dict[str, Any] = {**FOUR_RUNS[0], "training": {"steps": 15_000, "log_every": 50}}
TINY: dict[str, Any] = {**FOUR_RUNS[0], "training": {"steps": 20}}


def _step(client: Client, run_id: str) -> int:
    return int(client.runs.get(run_id)["progress"]["step"])


def _hung(client: Client) -> float:
    lines = client.metrics().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("postgrad_workers_hung_total")))


def _workers_check(url: str) -> bool:
    return bool(httpx.get(f"{url}/readyz").json()["checks"]["workers"])


def _busy(pid: int, pids: list[int]) -> bool:
    """Return whether of some workers this one has used the most processor time."""

    def used(one: int) -> int:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    return used(pid) == max(map(used, pids))


def _at_work(server_pid: int) -> int:
    """Return the worker that trains."""
    pids = workers_of(server_pid)
    return next(pid for pid in pids if _busy(pid, pids))


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_stopped_worker_is_told_and_replaced(tmp_path: Path, processes: str) -> None:
    """Its run goes on elsewhere to the same bits; the log, /readyz and /metrics tell."""
    settings = {**SETTINGS, "POSTGRAD_PROCESSES": processes, "POSTGRAD_WORKERS": "1"}
    with live_server(tmp_path / "data", **settings) as (url, server), Client(url) as client:
        run_id = client.runs.create(BODY)["id"]
        until(lambda: _step(client, run_id) > 0)
        pid = _at_work(server.pid)
        os.kill(pid, signal.SIGSTOP)
        until(lambda: not _workers_check(url))
        until(lambda: _workers_check(url))
        assert gone(pid)
        run = client.runs.wait(run_id, timeout=100)
        assert (run["status"], run["attempt"]) == ("succeeded", 2)
        assert run["weights_digest"] == undisturbed(BODY).weights_digest
        why = [event["data"].get("why") for event in client.runs.events(run_id)]
        assert "its worker gave no sign of life for 2 s and was killed" in why
        assert _hung(client) == 1
    assert f"hangs with run {run_id}, attempt 1, and is killed" in (tmp_path / "data.log").read_text()


def _stop_within_a_transaction(pid: int, path: Path) -> None:
    """Stop a worker while it has the lock for writing; try until it has."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        os.kill(pid, signal.SIGSTOP)
        with _connected(path) as outsider:
            try:
                outsider.execute("BEGIN IMMEDIATE")
                outsider.execute("ROLLBACK")
            except sqlite3.OperationalError:
                time.sleep(0.1)  # a lock of the server itself would be over
                try:
                    outsider.execute("BEGIN IMMEDIATE")
                    outsider.execute("ROLLBACK")
                except sqlite3.OperationalError:
                    return
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.003)
    pytest.fail("the worker was never caught within a transaction")


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        yield connection
    finally:
        connection.close()


def test_a_worker_stopped_within_its_transaction_holds_nobody_up_for_long(tmp_path: Path) -> None:
    """Others' writes have their answer within seconds, and work once it is killed, which is soon."""
    data = tmp_path / "data"
    settings = {
        **SETTINGS,
        "POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.001",
        "POSTGRAD_WORKER_SILENCE_SECONDS": "15",
        "POSTGRAD_WORKERS": "2",
    }
    body = {**BODY, "training": {"steps": 10_000, "log_every": 1, "checkpoint_every": 10_000}}
    with live_server(data, **settings) as (url, server), Client(url, max_retries=0, timeout=60) as client:
        run_id = client.runs.create(body)["id"]
        until(lambda: _step(client, run_id) > 0)
        _stop_within_a_transaction(_at_work(server.pid), data / "postgrad.sqlite3")
        began = time.monotonic()
        with pytest.raises(APIStatusError) as refusal:
            client.runs.create(TINY)
        waited = time.monotonic() - began
        print(f"refused after {waited:.1f} s")
        assert refusal.value.code == "busy"
        assert waited < 12  # 5 s, the last wait for the lock of 2.5 s, and a busy machine; then it would be killed
        until(lambda: _hung(client) == 1)
        assert client.runs.wait(client.runs.create(TINY)["id"], timeout=60)["status"] == "succeeded"
        run = client.runs.wait(run_id, timeout=100)
        assert (run["status"], run["attempt"]) == ("succeeded", 2)
        assert run["weights_digest"] == undisturbed(body).weights_digest


def _spin() -> None:
    while True:
        pass


def test_much_to_do_is_no_alarm(tmp_path: Path) -> None:
    """Six loops on all processors and two runs whose steps are long: every worker beats."""
    context = multiprocessing.get_context("spawn")
    loops = [context.Process(target=_spin, daemon=True) for _ in range(6)]
    long = {**FOUR_RUNS[0], "dataset": {"kind": "spiral", "points_per_class": 3000},
            "model": {"kind": "mlp", "hidden_sizes": [2000, 500]}, "training": {"steps": 100_000, "log_every": 1}}  # fmt: skip
    with live_server(tmp_path / "data", **SETTINGS, POSTGRAD_WORKERS="2") as (url, _), Client(url, timeout=60) as client:
        ids = [client.runs.create(long)["id"] for _ in range(2)]
        until(lambda: all(client.runs.get(run_id)["status"] == "running" for run_id in ids))
        for loop in loops:
            loop.start()
        try:
            time.sleep(5 * SILENCE_SECONDS)
            assert _hung(client) == 0
            assert [client.runs.get(run_id)["attempt"] for run_id in ids] == [1, 1]
        finally:
            for loop in loops:
                loop.kill()
                loop.join()


def test_a_pause_of_the_whole_machine_is_no_alarm(tmp_path: Path) -> None:
    """When the server and its workers are stopped together for longer than that, none of them is killed after it."""
    with live_server(tmp_path / "data", **SETTINGS) as (url, server), Client(url) as client:
        run_id = client.runs.create({**BODY, "training": {"steps": 10_000_000, "log_every": 1000}})["id"]
        until(lambda: _step(client, run_id) > 0)
        pids = [server.pid, *workers_of(server.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(2 * SILENCE_SECONDS)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        time.sleep(SILENCE_SECONDS)
        assert (_hung(client), client.runs.get(run_id)["attempt"]) == (0, 1)
