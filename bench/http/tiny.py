"""Tiny runs: softmax on the spiral, 200 steps, from POST to succeeded."""

import time
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.http import servers
from bench.http.load import Plan, limit, turns
from bench.http.servers import Server, ask
from bench.rows import AHEAD, Target
from bench.verdicts import Result, judge

TINY = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 200}}
OURS, RATE, WAIT = "postgrad", "what is allowed: 100 /s", "what is allowed: 30 ms"
PAUSE_SECONDS = 0.15


def tiny_runs(plan: Plan, count: int) -> Iterator[Result]:
    """Measure many at a time, and one on an idle server; by the server's own time stamps."""
    with TemporaryDirectory() as folder, servers.postgrad(Path(folder), workers=2) as server:
        many = turns({OURS: lambda: together(server, count), RATE: limit(1 / 100)}, plan)
        title = f"http: {count} tiny runs, POST to succeeded, 2 workers"
        yield judge(title, many, [Target(OURS, RATE, AHEAD)], unit="/s")
        one = turns({OURS: lambda: median(lone(server) for _ in range(15)), WAIT: limit(0.030)}, plan)
        yield judge("http: one tiny run on an idle server, median of 15", one, [Target(OURS, WAIT, AHEAD)], unit="ms")


def train(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    """Train a run and return it as it ended."""
    run: dict[str, Any] = server.ask("POST", "/v1/runs", body)
    while run["status"] in {"queued", "running"}:
        time.sleep(PAUSE_SECONDS)
        run = server.ask("GET", f"/v1/runs/{run['id']}")
    if run["status"] != "succeeded":
        raise RuntimeError(f"the run ended as {run['status']}")
    return run


def together(server: Server, count: int) -> float:
    """Return the seconds a run when so many are posted one after the other, as fast as they are accepted."""
    connection = HTTPConnection("127.0.0.1", server.port)
    start = time.time()
    ids = {ask(connection, "POST", "/v1/runs", TINY)["id"] for _ in range(count)}
    while (info := ask(connection, "GET", "/v1/info"))["queued"] + info["running"]:
        time.sleep(PAUSE_SECONDS)
    runs = [run for run in ask(connection, "GET", f"/v1/runs?limit={count}")["data"] if run["id"] in ids]
    connection.close()
    if len(runs) != count or any(run["status"] != "succeeded" for run in runs):
        raise RuntimeError("not every run succeeded")
    return (max(_ended(run) for run in runs) - start) / count


def lone(server: Server) -> float:
    """Return the seconds from before the POST to the end; nobody asks in between."""
    start = time.time()
    return _ended(train(server, TINY)) - start


def _ended(run: dict[str, Any]) -> float:
    return datetime.fromisoformat(run["finished_at"]).timestamp()
