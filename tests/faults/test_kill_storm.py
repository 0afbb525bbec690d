"""Kill -9 of workers and of everything, at random: every run ends as if nothing had happened."""

import os
import random
import time
from pathlib import Path

import pytest

from service.client import Client
from tests.faults.processes import children_of, kill, kill_everything
from tests.faults.undisturbed import FOUR_RUNS, undisturbed
from tests.live import live_server

KILLS = int(os.environ.get("POSTGRAD_STORM_KILLS", "20"))
SEED = int(os.environ.get("POSTGRAD_STORM_SEED", random.SystemRandom().randrange(10**6)))
SHARE_OF_TOTAL_KILLS = 0.2  # of the kills hit the server and all workers at one instant


def patient(url: str) -> Client:
    """Return a client that waits until a process answers again, when all that do were killed within a second."""
    return Client(url, max_retries=12)


def _check(client: Client, run_id: str, body: dict[str, object]) -> int:
    run = client.runs.wait(run_id, timeout=120)
    expected = undisturbed(body)
    history = client.runs.loss_history(run_id)
    assert run["status"] == "succeeded", run["error"]
    assert run["weights_digest"] == expected.weights_digest
    assert history["steps"] == expected.steps
    assert history["series"]["loss"] == expected.loss
    events = list(client.runs.events(run_id))
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    return int(run["attempt"])


@pytest.mark.parametrize("processes", [1, 2])
def test_runs_survive_a_storm_of_kills(tmp_path: Path, processes: int) -> None:
    """Twenty random kills during four runs: all succeed, with the bits of undisturbed runs, no step missing or twice.

    What is hit is any process but the first, or all of them.
    """
    print(f"storm seed {SEED}, {KILLS} kills, {processes} processes")
    rng = random.Random(SEED)
    killed, rounds, attempts = 0, 0, 0
    ids: list[tuple[str, dict[str, object]]] = []
    while killed < KILLS or not ids:
        with live_server(tmp_path / "data", POSTGRAD_PROCESSES=str(processes)) as (url, server), patient(url) as client:
            if all(client.runs.get(run_id)["finished_at"] for run_id, _ in ids):
                ids += [(client.runs.create(body)["id"], body) for body in FOUR_RUNS]
                rounds += 1
            while killed < KILLS:
                time.sleep(rng.uniform(0.05, 0.6))
                killed += 1
                if rng.random() < SHARE_OF_TOTAL_KILLS:
                    kill_everything(server)
                    break
                if victims := children_of(server.pid):
                    kill(rng.choice(victims))
                if all(client.runs.get(run_id)["finished_at"] for run_id, _ in ids):
                    ids += [(client.runs.create(body)["id"], body) for body in FOUR_RUNS]
                    rounds += 1
    with live_server(tmp_path / "data") as (url, _), Client(url) as client:
        attempts = sum(_check(client, run_id, body) for run_id, body in ids)
    print(f"{killed} kills, {len(ids)} runs in {rounds} rounds, {attempts} attempts, no difference")
    assert attempts > len(ids)
