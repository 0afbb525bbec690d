"""What MLflow's tracking server does too: create runs, take metric points, return a history."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.contender import alone as in_own_process
from bench.http import servers
from bench.http.load import Plan, Turn, alone, limit, turns, writing
from bench.http.points import write_points
from bench.http.servers import SERVER_CORE, Server
from bench.http.tiny import TINY, train
from bench.rows import AHEAD, Target
from bench.verdicts import Result, judge

OURS, MLFLOW = "postgrad", "MLflow server, one process"
POINTS = 10_000
BATCH = 1000  # the most that MLflow takes at once
API = "/api/2.0/mlflow"


def tracking(plan: Plan) -> Iterator[Result]:
    """Measure the three rows on the same pair of servers."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        ours_home, mlflow_home = Path(folder) / "ours", Path(folder) / "mlflow"
        ours_home.mkdir()
        mlflow_home.mkdir()
        theirs = stack.enter_context(servers.mlflow(mlflow_home, workers=1, core=SERVER_CORE))
        with servers.postgrad(ours_home, workers=1, core=SERVER_CORE) as ours:
            yield _history(ours, theirs, plan)
        yield _points(theirs, plan)
        many = {"POSTGRAD_MAX_QUEUED_RUNS": "1000000"}
        ours = stack.enter_context(servers.postgrad(ours_home, workers=0, core=SERVER_CORE, **many))
        yield _created(ours, theirs, Path(folder), plan)


def _history(ours: Server, theirs: Server, plan: Plan) -> Result:
    """Measure a history: the same losses are in both, ours sends the two parts of each with it."""
    run = train(ours, TINY | {"training": {"steps": POINTS - 1, "log_every": 1}})
    path = f"/v1/runs/{run['id']}/loss-history"
    found = ours.ask("GET", path)
    other = new_run(theirs)
    for start in range(0, POINTS, BATCH):
        log_batch(theirs, other, list(enumerate(found["series"]["loss"][start : start + BATCH], start)))
    asked = f"{API}/metrics/get-history?run_id={other}&metric_key=loss&max_results=25000"
    got = theirs.ask("GET", asked)["metrics"]
    if len(found["steps"]) != POINTS or [point["value"] for point in got] != found["series"]["loss"]:
        raise RuntimeError("the histories are not the same")
    times = turns(
        {
            OURS: alone(ours, "GET", path, None, plan),
            "what is allowed: 10 ms": limit(0.010),
            MLFLOW: alone(theirs, "GET", asked, None, plan),
        },
        plan,
    )
    targets = [Target(OURS, "what is allowed: 10 ms", AHEAD), Target(OURS, MLFLOW, 40)]
    return judge(f"http: history of {POINTS} points", times, targets, unit="ms")


def _points(theirs: Server, plan: Plan) -> Result:
    """Measure the writing of points: a point is one value of one series at one step."""
    run, step = new_run(theirs), iter(range(10**9))

    def log() -> float:
        start = time.perf_counter()
        for _ in range(5):
            log_batch(theirs, run, [(next(step), 0.5) for _ in range(BATCH)])
        return (time.perf_counter() - start) / (5 * BATCH)

    allowed = "what is allowed: 200,000 /s"
    times = turns({OURS: lambda: in_own_process(write_points), allowed: limit(1 / 200_000), MLFLOW + ", log-batch": log}, plan)
    return judge("durable metric points from one worker", times, [Target(OURS, allowed, AHEAD)], unit="/s")


def _created(ours: Server, theirs: Server, folder: Path, plan: Plan) -> Result:
    """Measure what a POST costs. No worker runs, so the queue grows from turn to turn; MLflow does not train either."""
    bodies = {OURS: TINY, MLFLOW: {"experiment_id": "0", "run_name": "tiny"}}
    paths = {OURS: "/v1/runs", MLFLOW: f"{API}/runs/create"}
    contenders: dict[str, Turn] = {}
    for name, server in {OURS: ours, MLFLOW: theirs}.items():
        file = folder / f"{name}.json"
        file.write_text(json.dumps(bodies[name]))
        contenders[name] = writing(server, paths[name], file, plan)
    allowed = "what is allowed: 500 /s"
    times = turns({OURS: contenders[OURS], allowed: limit(1 / 500), MLFLOW: contenders[MLFLOW]}, plan)
    return judge("http: runs created by POST, 16 connections", times, [Target(OURS, allowed, AHEAD)], unit="/s")


def new_run(server: Server) -> str:
    """Create a run of MLflow's and return its id."""
    created = server.ask("POST", f"{API}/runs/create", {"experiment_id": "0", "start_time": time.time_ns() // 1_000_000})
    return str(created["run"]["info"]["run_id"])


def log_batch(server: Server, run: str, values: list[tuple[int, float]]) -> None:
    """Write values of one series at their steps."""
    moment = time.time_ns() // 1_000_000
    metrics: list[dict[str, Any]] = [{"key": "loss", "value": v, "timestamp": moment, "step": step} for step, v in values]
    server.ask("POST", f"{API}/runs/log-batch", {"run_id": run, "metrics": metrics})
