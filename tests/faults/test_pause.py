"""A pause outlives servers and workers."""

from pathlib import Path

from service.client import Client
from tests.faults.processes import kill, kill_everything, until, workers_of
from tests.faults.undisturbed import FOUR_RUNS, undisturbed
from tests.live import live_server

SOON = {"POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1"}  # a first step is told when nearly all is still to be trained


def _step(client: Client, run_id: str) -> int:
    return int(client.runs.get(run_id)["progress"]["step"])


def test_a_paused_run_outlives_the_server(tmp_path: Path) -> None:
    """Paused, everything killed, started again, resumed: the run ends with the bits of an undisturbed one."""
    body = FOUR_RUNS[0]
    with live_server(tmp_path / "data", **SOON) as (url, server), Client(url) as client:
        run_id = client.runs.create(body)["id"]
        until(lambda: _step(client, run_id) > 0)
        client.runs.pause(run_id)
        until(lambda: client.runs.get(run_id)["status"] == "paused")
        reached = _step(client, run_id)
        kill_everything(server)
    with live_server(tmp_path / "data") as (url, _), Client(url) as client:
        run = client.runs.get(run_id)
        assert (run["status"], run["progress"]["step"]) == ("paused", reached)
        client.runs.resume(run_id)
        run = client.runs.wait(run_id, timeout=100)
        assert (run["status"], run["attempt"]) == ("succeeded", 2)
        assert run["weights_digest"] == undisturbed(body).weights_digest
        history = client.runs.loss_history(run_id)
        assert (history["steps"], history["series"]["loss"]) == (undisturbed(body).steps, undisturbed(body).loss)


def test_a_pause_that_the_worker_did_not_live_to_see_is_not_forgotten(tmp_path: Path) -> None:
    """A worker lost with a pause asked for leaves a paused run, which goes on when it is resumed."""
    body = FOUR_RUNS[0]
    with live_server(tmp_path / "data", POSTGRAD_COMMIT_INTERVAL_SECONDS="60") as (url, server), Client(url) as client:
        run_id = client.runs.create(body)["id"]
        until(lambda: client.runs.get(run_id)["metrics"] != {})
        assert client.runs.pause(run_id)["pause_requested"]
        for pid in workers_of(server.pid):
            kill(pid)
        until(lambda: client.runs.get(run_id)["status"] == "paused")
        client.runs.resume(run_id)
        assert client.runs.wait(run_id, timeout=100)["weights_digest"] == undisturbed(body).weights_digest


def test_an_extended_run_outlives_the_server(tmp_path: Path) -> None:
    """Killed before and while it trains, an extension ends like one long run."""
    body = FOUR_RUNS[1]
    half = {**body, "training": {**body["training"], "steps": 10_000}}
    with live_server(tmp_path / "data") as (url, server), Client(url) as client:
        parent = client.runs.wait(client.runs.create(half)["id"], timeout=100)
        run_id = client.runs.extend(parent["id"], 20_000)["id"]
        kill_everything(server)
    with live_server(tmp_path / "data", **SOON) as (url, server), Client(url) as client:
        until(lambda: _step(client, run_id) > 10_000)
        kill_everything(server)
    with live_server(tmp_path / "data") as (url, _), Client(url) as client:
        run = client.runs.wait(run_id, timeout=100)
        assert run["attempt"] >= 2
        assert run["weights_digest"] == undisturbed(body).weights_digest
        history = client.runs.loss_history(run_id)
        assert (history["steps"], history["series"]["loss"]) == (undisturbed(body).steps, undisturbed(body).loss)
