"""What the service adds: a run from POST to succeeded on a real server, beside the same loop of the core alone; wall clock."""

import tempfile
from datetime import datetime
from pathlib import Path
from time import perf_counter

from bench.contender import alone
from core.data.synthetic import make
from core.problem import Problem
from core.spec import Mlp, Spiral, Training, TrainSpec
from core.train import quiet, train
from service.client import Client
from tests.live import live_server

SERVICE, BARE = "postgrad serve, POST to succeeded", "the core's loop alone"


def overhead(steps: int, rounds: int) -> dict[str, list[float]]:
    """Return the seconds a step of each; both log every 10 steps, as the service does by default."""
    taken: dict[str, list[float]] = {SERVICE: [], BARE: []}
    with tempfile.TemporaryDirectory() as folder, live_server(Path(folder) / "data") as (url, _), Client(url) as client:
        served(client, 1000)  # the worker process starts, files are made
        for _ in range(rounds):
            taken[BARE].append(alone(bare, steps) / steps)
            taken[SERVICE].append(served(client, steps) / steps)
    return taken


def served(client: Client, steps: int) -> float:
    """Return the seconds from the run's creation to its end, by the server's own time stamps."""
    plan = {"steps": steps, "log_every": 10}
    made = client.runs.create(dataset={"kind": "spiral"}, model={"kind": "mlp", "hidden_sizes": [100]}, training=plan)
    run = client.runs.wait(made["id"])
    if run["status"] != "succeeded":
        raise RuntimeError(f"the run ended as {run['status']}")
    created, finished = (datetime.fromisoformat(run[key]) for key in ("created_at", "finished_at"))
    return (finished - created).total_seconds()


def bare(steps: int) -> float:
    """Return the seconds for the same training in a bare loop."""
    start = perf_counter()
    with quiet():
        problem = Problem(TrainSpec(model=Mlp(), training=Training(steps=steps, log_every=10)), make(Spiral()))
        for _ in train(problem, problem.begin()):
            pass
    return perf_counter() - start
