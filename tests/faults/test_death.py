"""What happens when a process dies, one death at a time."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from service.client import Client
from service.runs.uploads import UploadLimits
from tests.faults.processes import gone, kill, kill_everything, until, workers_of
from tests.faults.undisturbed import FOUR_RUNS, undisturbed
from tests.live import ROOT, live_server

LONG = {**FOUR_RUNS[0], "training": {"steps": 10_000_000, "log_every": 1000}}
TEXT: dict[str, Any] = {
    "dataset": {"kind": "text", "text": "b" * 37_500 + "".join(Random(0).choices("bc", k=30_000)) + "b" * 3_000},
    "model": {"kind": "char_rnn"},
    "optimizer": {"kind": "sgd", "learning_rate": 0.01},
    "training": {"steps": 2_500, "log_every": 20, "checkpoint_every": 10_000, "validation_fraction": 0.04},
}
"""A run of text whose best is renewed at each point up to step 1,500 and is no milestone: what is held out is like the b's."""
SHORT = {**FOUR_RUNS[0], "training": {"steps": 15_000, "log_every": 50}}
TINY = {**FOUR_RUNS[0], "training": {"steps": 300}}
SOON = {"POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1"}
"""A first step is told while nearly all of a short run is still to be trained: a kill that follows hits it."""


def _step(client: Client, run_id: str) -> int:
    return int(client.runs.get(run_id)["progress"]["step"])


def _begun(client: Client, body: dict[str, Any]) -> str:
    """Create a run and wait until it is trained; return its id."""
    run_id = client.runs.create(body)["id"]
    until(lambda: _step(client, run_id) > 0)
    return run_id


def _has_begun(client: Client, run_id: str, attempt: int) -> bool:
    """Return whether a worker has begun the attempt."""
    begun = [event["data"]["attempt"] for event in client.runs.events(run_id) if event["kind"] == "attempt"]
    return attempt in begun


def test_a_killed_worker_is_replaced_and_its_run_goes_on(tmp_path: Path) -> None:
    """The run is taken up again from its checkpoint, by itself, and ends with the bits of an undisturbed run."""
    with live_server(tmp_path / "data", **SOON) as (url, server), Client(url) as client:
        run_id = _begun(client, SHORT)
        for pid in workers_of(server.pid):
            kill(pid)
        run = client.runs.wait(run_id, timeout=100)
        assert (run["status"], run["attempt"]) == ("succeeded", 2)
        assert run["weights_digest"] == undisturbed(SHORT).weights_digest
        why = [event["data"].get("why") for event in client.runs.events(run_id)]
        assert "its worker was lost" in why


def test_a_killed_run_of_text_has_the_same_samples(tmp_path: Path) -> None:
    """What stands beside its checkpoints, the best among them, is that of a run that nobody disturbed."""

    def kept(client: Client, run_id: str) -> list[tuple[object, ...]]:
        found = client.runs.checkpoints(run_id)
        return [(one["step"], one["names"], one["weights_digest"], one["sample"]) for one in found]

    # With a second worker, which takes the run within milliseconds, one round of kills could hit two attempts.
    settings = {"POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.05", "POSTGRAD_WORKERS": "1"}
    with live_server(tmp_path / "data", **settings) as (url, server), Client(url) as client:
        alone = client.runs.wait(client.runs.create(TEXT)["id"], timeout=60)
        run_id = client.runs.create(TEXT)["id"]
        for attempt, step in enumerate((300, 700, 1100), start=1):
            until(partial(_has_begun, client, run_id, attempt))
            until(lambda step=step: _step(client, run_id) > step)  # type: ignore[misc]
            for pid in workers_of(server.pid):
                kill(pid)
        run = client.runs.wait(run_id, timeout=60)
        assert (run["status"], run["attempt"]) == ("succeeded", 4)
        assert kept(client, run_id) == kept(client, alone["id"])
        assert [bool(one[3]) for one in kept(client, run_id) if one[1]] == [True, True]
        assert run["metrics"]["val_loss"]["best_step"] in range(1420, 1521, 20)


def test_a_killed_idle_worker_harms_nothing(tmp_path: Path) -> None:
    """A worker that is killed while it waits for work is replaced when there is work."""
    with live_server(tmp_path / "data", POSTGRAD_WORKERS="2") as (url, server), Client(url) as client:
        until(lambda: len(workers_of(server.pid)) == 2)
        for pid in workers_of(server.pid):
            kill(pid)
        ids = [client.runs.create(TINY)["id"] for _ in range(3)]
        assert [client.runs.wait(run_id, timeout=100)["status"] for run_id in ids] == ["succeeded"] * 3


def test_workers_die_with_their_server(tmp_path: Path) -> None:
    """No orphan trains on when the server alone is killed, and the next server goes on with its runs."""
    with live_server(tmp_path / "data") as (url, server), Client(url) as client:
        run_id = _begun(client, LONG)
        workers = workers_of(server.pid)
        assert workers
        kill(server.pid)
        server.wait()
        until(lambda: all(gone(pid) for pid in workers))
    with live_server(tmp_path / "data") as (url, _), Client(url) as client:
        reached = _step(client, run_id)
        until(lambda: _step(client, run_id) > reached)
        assert client.runs.get(run_id)["attempt"] == 2


def test_killing_everything_loses_nothing(tmp_path: Path) -> None:
    """After a kill of the server and all workers at one instant and a restart, the run ends with the same bits."""
    with live_server(tmp_path / "data", **SOON) as (url, server), Client(url) as client:
        run_id = _begun(client, SHORT)
        kill_everything(server)
    with live_server(tmp_path / "data") as (url, _), Client(url) as client:
        run = client.runs.wait(run_id, timeout=100)
        assert (run["status"], run["attempt"]) == ("succeeded", 2)
        assert run["weights_digest"] == undisturbed(SHORT).weights_digest
        assert client.runs.loss_history(run_id)["steps"] == undisturbed(SHORT).steps


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_gives_its_runs_back(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM or Ctrl-C: runs are committed and queued again, the exit code is 0, and the bits stay the same."""
    two = {"POSTGRAD_WORKERS": "2", "POSTGRAD_SHUTDOWN_SECONDS": "60"}
    with live_server(tmp_path / "data", **SOON, **two) as (url, server), Client(url) as client:
        long, short = (_begun(client, body) for body in (LONG, SHORT))
        started = time.monotonic()
        os.kill(server.pid, number)
        assert server.wait(timeout=100) == 0  # in good order: else the workers would be killed after that time
        print(f"stopped in {time.monotonic() - started:.2f} s")
    with live_server(tmp_path / "data", **two) as (url, _), Client(url) as client:
        run = client.runs.wait(short, timeout=100)
        assert (run["status"], run["attempt"]) == ("succeeded", 2)
        assert run["weights_digest"] == undisturbed(SHORT).weights_digest
        for run_id in (long, short):
            why = [event["data"]["why"] for event in client.runs.events(run_id) if "why" in event["data"]]
            assert why == ["the server is stopping"]


def test_a_run_that_always_kills_its_worker_fails_and_its_neighbours_do_not(tmp_path: Path) -> None:
    """A run that loses worker after worker without a step of progress ends as failed with worker_lost."""
    env = {"POSTGRAD_MAX_STALLED_ATTEMPTS": "3", "POSTGRAD_COMMIT_INTERVAL_SECONDS": "60"}
    with live_server(tmp_path / "data", **env) as (url, server), Client(url) as client:
        doomed = client.runs.create(LONG)["id"]
        for attempt in (1, 2, 3):
            until(partial(_has_begun, client, doomed, attempt))
            for pid in workers_of(server.pid):
                kill(pid)
        run = client.runs.wait(doomed, timeout=100)
        assert (run["status"], run["stop_reason"]) == ("failed", "worker_lost")
        assert client.runs.wait(client.runs.create(TINY)["id"], timeout=100)["status"] == "succeeded"


def test_a_cancelled_run_whose_worker_is_killed_is_cancelled(tmp_path: Path) -> None:
    """A cancel that the worker did not live to see is not forgotten."""
    with live_server(tmp_path / "data", POSTGRAD_COMMIT_INTERVAL_SECONDS="60") as (url, server), Client(url) as client:
        run_id = client.runs.create(LONG)["id"]
        until(lambda: client.runs.get(run_id)["metrics"] != {})
        assert client.runs.cancel(run_id)["cancel_requested"]
        for pid in workers_of(server.pid):
            kill(pid)
        assert client.runs.wait(run_id, timeout=100)["status"] == "cancelled"
        assert client.runs.predict(run_id, [[0.0, 0.0]])["labels"]


def test_the_reader_of_parquet_dies_with_its_server(tmp_path: Path) -> None:
    """The process that unpacks a file does not outlive the one that started it."""
    fifo, order = tmp_path / "endless", json.dumps({"label": None, "limits": asdict(UploadLimits())})
    os.mkfifo(fifo)
    code = (
        "import json, os, sys; from service.runs.uploads.parquet_file import _unpack; order = json.loads(sys.argv[2]);"
        "_unpack(open(sys.argv[1], 'rb'), sys.stderr, json.dumps({**order, 'parent': os.getpid()}))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(fifo), order], cwd=ROOT, stderr=subprocess.DEVNULL)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    with fifo.open("wb"):  # which never has its end while the child reads
        until(children.read_text)
        child = int(children.read_text())
        until(lambda: "_polars" in Path(f"/proc/{child}/maps").read_text() and _sleeps(child))
        kill(parent.pid)
        parent.wait()
        try:
            until(lambda: gone(child), seconds=20)
        finally:
            kill(child)


def _sleeps(pid: int) -> bool:
    """Return whether a process waits, twice at an interval: it reads."""

    def ticks() -> str:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return f"{fields[0]} {fields[11]} {fields[12]}"

    before = ticks()
    time.sleep(0.5)
    return before.startswith("S") and ticks() == before
