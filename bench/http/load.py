"""Load: wrk on many connections, or one request after the other; and turns."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench.http.process import processor_seconds
from bench.http.servers import LOAD_CORE, Server, fetch

CONNECTIONS = 16
SCRIPT = Path(__file__).parent / "post.lua"

Turn = Callable[[], float]
"""Work for a while and return the seconds that one piece of it took."""


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    rounds: int = 5
    turn_seconds: int = 2


def turns(contenders: Mapping[str, Turn], plan: Plan) -> dict[str, list[float]]:
    """Return the seconds of each contender in each round. The first turn of each is its warm-up and is not counted."""
    names = list(contenders)
    for name in names:
        contenders[name]()
    taken: dict[str, list[float]] = {name: [] for name in names}
    for i in range(plan.rounds):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            taken[name].append(contenders[name]())
    return taken


def limit(seconds: float) -> Turn:
    """Return what takes exactly as long as is allowed: a contender that stands for the target."""
    return lambda: seconds


def wrk(server: Server, path: str, body: Path, seconds: int) -> dict[str, Any]:
    """Post a file on 16 connections that stay open; raise RuntimeError if a request fails."""
    given = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", SCRIPT]
    url = f"http://127.0.0.1:{server.port}{path}"
    run = subprocess.run([*map(str, given), url, "--", str(body)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    if found["failed"] or not found["requests"]:
        raise RuntimeError(f"{url}: {found}")
    return found


def computing(server: Server, path: str, body: Path, plan: Plan) -> Turn:
    """Time requests that keep the server's core busy: by the wall, or its processor time if that is less.

    What else the machine does is then not counted, as in bench/timing.py.
    """

    def turn() -> float:
        before = processor_seconds(server.pid)
        found = wrk(server, path, body, plan.turn_seconds)
        return min(found["seconds"], processor_seconds(server.pid) - before) / found["requests"]

    return turn


def writing(server: Server, path: str, body: Path, plan: Plan) -> Turn:
    """Time requests that also wait for the disk: by the wall."""

    def turn() -> float:
        found = wrk(server, path, body, plan.turn_seconds)
        return found["seconds"] / found["requests"]

    return turn


def alone(server: Server, method: str, path: str, sent: Any, plan: Plan) -> Turn:
    """Time one request after the other on one connection, from its first byte to the last one of the answer.

    What the client makes of the answer is not counted: to parse 10,000 points takes Python longer than the server to send them.
    By the wall, or the processor time of both sides if that is less: they do not work at the same time.
    """

    def turn() -> float:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        start, before, count = time.perf_counter(), time.process_time() + processor_seconds(server.pid), 0
        while count < 3 or time.perf_counter() - start < plan.turn_seconds:
            fetch(connection, method, path, sent)
            count += 1
        wall, processor = time.perf_counter() - start, time.process_time() + processor_seconds(server.pid) - before
        connection.close()
        return min(wall, processor) / count

    return turn
