"""A server that has nothing to do: how long it takes to be ready, and how much memory it then holds."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.http import servers
from bench.http.load import Plan, limit
from bench.http.process import memory_bytes
from bench.http.tiny import TINY, train
from bench.rows import AHEAD, Target
from bench.verdicts import Result, judge

OURS, MLFLOW = "postgrad, API and 2 workers", "MLflow server, as it starts by default"
START, MEMORY = "what is allowed: 2 s", "what is allowed: 300 MB"
SETTLE_SECONDS = 3.0


def idle(plan: Plan) -> Iterator[Result]:
    """Start both, each time on an empty directory; ours has done a run before its memory is looked at."""
    seconds: dict[str, list[float]] = {OURS: [], START: [limit(2.0)()], MLFLOW: []}
    held: dict[str, list[float]] = {OURS: [], MEMORY: [300e6], MLFLOW: []}
    for i in range(plan.rounds):
        contenders = [(OURS, _postgrad), (MLFLOW, servers.mlflow)][: 2 if i < 2 else 1]
        for name, start in contenders:
            _once(start, name, seconds, held)
    yield judge("http: from the command to ready, empty directory", seconds, [Target(OURS, START, AHEAD)], unit="s")
    yield judge("http: idle memory (PSS)", held, [Target(OURS, MEMORY, AHEAD)], unit="MB")


def _postgrad(folder: Path) -> servers.Started:
    return servers.postgrad(folder, workers=2)


def _once(
    start: Callable[[Path], servers.Started], name: str, seconds: dict[str, list[float]], held: dict[str, list[float]]
) -> None:
    with TemporaryDirectory() as folder, start(Path(folder)) as server:
        seconds[name].append(server.seconds)
        if name == OURS:
            for _ in range(2):
                train(server, TINY)
        time.sleep(SETTLE_SECONDS)
        held[name].append(float(memory_bytes(server.pid)))
