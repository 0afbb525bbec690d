"""Kills at random over runs in training, and their account: what was broken is counted by the events of the runs."""

import random
import time
from collections.abc import Iterable
from subprocess import Popen
from typing import Any

from service.client import Client
from service.domain import TERMINAL
from tests.faults.processes import kill, kill_everything, parts_of, workers_of

COMMIT_SECONDS = 0.2
SHARE_OF_EARLY_KILLS = 0.2  # come at any moment, whether anything is trained or not
SHARE_OF_TOTAL_KILLS = 0.2  # hit the server and all workers at one instant
SHARE_OF_WORKERS = 0.75  # of the others; the rest hits the processes that answer requests, if there are several
LONGEST_SHARE = 0.05  # of a run, trained between two kills
POLL_SECONDS = 0.05
LOST = ("its worker was lost", "the server was restarted")


class Attempts:
    """The attempts of one run by its events, read once each and in order: which have begun, and how many were broken."""

    def __init__(self) -> None:
        self.begun: set[int] = set()
        self.broken = 0
        self.last_event = 0
        self.over = False

    def read(self, events: Iterable[Any]) -> None:
        """Take events. An attempt is broken when a worker has begun it and was lost, or the server was."""
        for event in events:
            self.last_event, data = event["id"], event["data"]
            if event["kind"] == "attempt":
                self.begun.add(data["attempt"])
            elif data.get("why") in LOST:
                self.broken += data["attempt"] in self.begun
            self.over = data.get("status") in TERMINAL


class Storm:
    """Runs, four at a time, and the kills that they are trained under."""

    def __init__(self, rng: random.Random, bodies: list[dict[str, Any]]) -> None:
        self.runs: dict[str, dict[str, Any]] = {}  # the body of each
        self.kills = 0
        self._rng, self._bodies = rng, bodies
        self._attempts: dict[str, Attempts] = {}

    @property
    def broken(self) -> int:
        """How many attempts have been broken, as far as was seen."""
        return sum(attempts.broken for attempts in self._attempts.values())

    def rage(self, client: Client, server: "Popen[str]", until_broken: int) -> None:
        """Kill until so many attempts are broken, or all of the server is."""
        while server.poll() is None:
            self._gather(client)
            self._count(client)
            if self.broken >= until_broken:
                return
            self._strike(server)

    def _gather(self, client: Client) -> None:
        """Wait until a random part of a run has been trained, and then for up to two commits.

        An early kill waits for no run: it may hit a worker that loads, or come while a run has no worker.
        """
        early, share = self._rng.random() < SHARE_OF_EARLY_KILLS, self._rng.uniform(0, LONGEST_SHARE)
        rest = self._rng.uniform(0, 2 * COMMIT_SECONDS)
        first: dict[tuple[str, int], float] = {}
        while not self._trains(client, first, share) and not early:
            time.sleep(POLL_SECONDS)
        time.sleep(rest)

    def _trains(self, client: Client, first: dict[tuple[str, int], float], share: float) -> bool:
        """Whether an attempt has gone on, by a share of its run, since it was first seen. Ended runs are followed by others."""
        runs = client.runs.page(limit=len(self._bodies))["data"]
        if all(run["finished_at"] for run in runs):
            self.runs |= {client.runs.create(body)["id"]: body for body in self._bodies}
        done = {(run["id"], run["attempt"]): run["progress"]["fraction"] for run in runs if run["status"] == "running"}
        gone_on = {attempt: fraction - first.setdefault(attempt, fraction) for attempt, fraction in done.items()}
        return any(part > 0 and part >= share for part in gone_on.values())

    def _count(self, client: Client) -> None:
        for run_id in self.runs:
            attempts = self._attempts.setdefault(run_id, Attempts())
            if not attempts.over:
                attempts.read(client.runs.events(run_id, after=attempts.last_event))

    def _strike(self, server: "Popen[str]") -> None:
        self.kills += 1
        if self._rng.random() < SHARE_OF_TOTAL_KILLS:
            kill_everything(server)
            return
        answering = sorted(parts_of(server.pid).values())
        victims = answering if answering and self._rng.random() > SHARE_OF_WORKERS else workers_of(server.pid)
        if victims:
            kill(self._rng.choice(victims))
