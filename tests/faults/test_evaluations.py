"""Runs whose measurements take long: they can be cancelled and paused, and the server ends, while they are measured."""

import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from service.client import Client, ConflictError
from tests.faults.processes import until
from tests.live import live_server

WORDS = "the quick brown fox jumps over the lazy dog, and sphinx of black quartz judges its vow. "
SHUTDOWN_SECONDS = 4
SETTINGS = {"POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1", "POSTGRAD_SHUTDOWN_SECONDS": str(SHUTDOWN_SECONDS)}


def _text(characters: int) -> str:
    chance = random.Random(0)
    words = WORDS.split()
    return " ".join(chance.choice(words) for _ in range(characters // 4))[:characters]


LONG: dict[str, Any] = {
    "dataset": {"kind": "text", "text": _text(1_900_000)},
    "model": {"kind": "char_rnn", "hidden_size": 1000},
    "training": {"steps": 2, "validation_fraction": 0.5},
}
"""Its three points are measured on 950,000 characters each, which takes a minute or more."""
SHORTER: dict[str, Any] = {
    "dataset": {"kind": "text", "text": _text(200_000)},
    "model": {"kind": "char_rnn", "hidden_size": 300},
    "training": {"steps": 40, "log_every": 8, "validation_fraction": 0.5, "batch_size": 4},
}
"""Its six points take half a second each."""


def _status(client: Client, run_id: str) -> str:
    return str(client.runs.get(run_id)["status"])


def test_a_measurement_does_not_hold_up_a_cancel_or_the_end(tmp_path: Path) -> None:
    """The server ends in time, the next one takes the run up, and a cancel ends it: each within one measurement."""
    with live_server(tmp_path / "data", **SETTINGS) as (url, server), Client(url) as client:
        run_id = client.runs.create(LONG)["id"]
        until(lambda: _status(client, run_id) == "running")
        time.sleep(1)  # it is being measured now, or about to be
        begun = time.monotonic()
        server.terminate()
        server.wait(60)
        assert time.monotonic() - begun <= SHUTDOWN_SECONDS + 1
    with live_server(tmp_path / "data", **SETTINGS) as (url, _), Client(url) as client:
        until(lambda: _status(client, run_id) == "running")
        run = client.runs.get(run_id)
        assert (run["attempt"], run["progress"]["step"]) == (2, 0)
        assert "within a measurement, which is made anew" in [event["data"].get("why") for event in client.runs.events(run_id)]
        client.runs.cancel(run_id)
        until(lambda: _status(client, run_id) == "cancelled", seconds=20)


def test_a_measurement_that_was_broken_off_is_made_anew(tmp_path: Path) -> None:
    """Paused wherever it was, again and again, the run has the curve and the weights of one left alone."""
    chance, seed = random.Random(), random.randrange(1_000_000)
    print("seed", seed)
    chance.seed(seed)
    with live_server(tmp_path / "data", **SETTINGS) as (url, _), Client(url) as client:
        alone = client.runs.wait(client.runs.create(SHORTER)["id"], timeout=120)
        run_id = client.runs.create(SHORTER)["id"]
        for _ in range(6):
            until(lambda: _status(client, run_id) in ("running", "succeeded"))
            time.sleep(chance.uniform(0, 0.8))
            if _status(client, run_id) == "succeeded":
                break
            with suppress(ConflictError):  # it has just ended
                client.runs.pause(run_id)
            until(lambda: _status(client, run_id) in ("paused", "succeeded"))
            if _status(client, run_id) == "paused":
                client.runs.resume(run_id)
        run = client.runs.wait(run_id, timeout=120)
        assert (run["status"], run["attempt"] > 1) == ("succeeded", True), run["error"]
        assert run["weights_digest"] == alone["weights_digest"]
        assert client.runs.loss_history(run_id)["series"] == client.runs.loss_history(alone["id"])["series"]
        assert client.runs.loss_history(run_id)["steps"] == [0, 8, 16, 24, 32, 40]
