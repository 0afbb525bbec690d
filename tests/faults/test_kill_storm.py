"""Kill -9 of workers and of everything, at random: every run ends as if nothing had happened."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from service.client import Client
from tests.faults.storm import COMMIT_SECONDS, LOST, Attempts, Storm
from tests.faults.undisturbed import FOUR_RUNS, undisturbed
from tests.live import live_server

KILLS = int(os.environ.get("POSTGRAD_STORM_KILLS", "6"))
"""Attempts that must be broken, each by a kill while it was trained; kills that break none come on top."""
SEED = int(os.environ.get("POSTGRAD_STORM_SEED", random.SystemRandom().randrange(10**6)))
HALVES = [{**body, "training": {**body["training"], "steps": body["training"]["steps"] // 2}} for body in FOUR_RUNS]
PATIENCE = 60  # retries: when all processes that answer were killed, a busy machine takes long to start others
ENV = {
    "POSTGRAD_WORKERS": "2",
    "POSTGRAD_COMMIT_INTERVAL_SECONDS": str(COMMIT_SECONDS),
    "POSTGRAD_MAX_STALLED_ATTEMPTS": "1000000",  # that a run loses ten workers in a row is no fault of it here
}


def _check(client: Client, run_id: str, body: dict[str, Any]) -> tuple[int, int]:
    """Hold a run against an undisturbed one, when it has ended; return its attempts, and how many of them were broken."""
    run = client.runs.wait(run_id, timeout=600)
    expected = undisturbed(body)
    history = client.runs.loss_history(run_id)
    assert run["status"] == "succeeded", run["error"]
    assert run["weights_digest"] == expected.weights_digest
    assert history["steps"] == expected.steps
    assert history["series"]["loss"] == expected.loss
    events = list(client.runs.events(run_id))
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    attempts = Attempts()
    attempts.read(events)
    return run["attempt"], attempts.broken


def test_only_what_was_begun_and_lost_is_broken() -> None:
    """Neither an attempt that no worker has begun counts, nor one that was given back or has ended."""
    told = [
        ("state", {"status": "queued"}),
        ("state", {"status": "queued", "attempt": 1, "why": LOST[0]}),
        ("attempt", {"attempt": 2, "from_step": 0}),
        ("state", {"status": "queued", "attempt": 2, "why": "the server is stopping"}),
        ("attempt", {"attempt": 3, "from_step": 10}),
        ("state", {"status": "queued", "attempt": 3, "why": LOST[0]}),
        ("attempt", {"attempt": 4, "from_step": 10}),
        ("state", {"status": "queued", "attempt": 4, "why": LOST[1]}),
        ("attempt", {"attempt": 5, "from_step": 20}),
        ("state", {"status": "succeeded", "stop_reason": "completed"}),
    ]
    attempts = Attempts()
    attempts.read({"id": i, "kind": kind, "data": data} for i, (kind, data) in enumerate(told, start=1))
    assert (attempts.begun, attempts.broken, attempts.last_event, attempts.over) == ({2, 3, 4, 5}, 2, len(told), True)


@pytest.mark.timeout(max(300, 60 * KILLS))  # 10 to 20 s; on a machine with much else to do it takes its time
@pytest.mark.parametrize("processes", [1, 2])
def test_runs_survive_a_storm_of_kills(tmp_path: Path, processes: int) -> None:
    """Kills until enough attempts are broken: all runs succeed, with the bits of undisturbed ones, no step missing or twice.

    What is hit is any process but the first, or all of them.
    """
    print(f"storm seed {SEED}, {processes} processes, {KILLS} attempts to break")
    storm = Storm(random.Random(SEED), HALVES)
    while storm.broken < KILLS:
        serving = live_server(tmp_path / "data", POSTGRAD_PROCESSES=str(processes), **ENV)
        with serving as (url, server), Client(url, max_retries=PATIENCE) as client:
            storm.rage(client, server, until_broken=KILLS)
    with live_server(tmp_path / "data") as (url, _), Client(url) as client:
        checked = [_check(client, run_id, body) for run_id, body in storm.runs.items()]
    attempts, broken = map(sum, zip(*checked, strict=True))
    print(f"{storm.kills} kills, {broken} broken attempts of {attempts}, {len(checked)} runs, no difference")
    assert broken >= KILLS
    assert attempts >= broken + len(checked)
