"""Predictions over HTTP: the same request of the Open Inference Protocol to Postgrad, MLServer and the bare application."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import numpy as np

from bench.http import servers
from bench.http.load import Plan, Turn, computing, turns
from bench.http.servers import SERVER_CORE, Server
from bench.http.tiny import train
from bench.rows import Target
from bench.verdicts import Result, judge

OURS, BARE, MLSERVER = "postgrad", "bare Starlette, the same net in NumPy", "MLServer, scikit-learn runtime"
LIKE_OURS = "bare Starlette on httptools and uvloop"
NET = {"dataset": {"kind": "spiral"}, "model": {"kind": "mlp", "hidden_sizes": [100]}, "training": {"steps": 2000}}
OUTPUTS = {OURS: "probabilities", BARE: "probabilities", LIKE_OURS: "probabilities", MLSERVER: "predict_proba"}
PATH = "/v2/models/net/infer"
TOLERANCE = 1e-5


def predictions(plan: Plan) -> Iterator[Result]:
    """Measure one row, then 1000 rows a request."""
    with TemporaryDirectory() as folder, started(Path(folder)) as given:
        yield _measure("http: predict, 1 row, 16 connections", given, Path(folder), 1, plan, {MLSERVER: 8, BARE: 0.8})
        yield _measure("http: predict, 1000 rows, 16 connections", given, Path(folder), 1000, plan, {BARE: 0.9})


@contextmanager
def started(folder: Path) -> Iterator[dict[str, Server]]:
    """Train the net on ours, and give its weights to the others."""
    homes = {name: folder / str(i) for i, name in enumerate(OUTPUTS)}
    for home in homes.values():
        home.mkdir()
    with ExitStack() as stack:
        ours = stack.enter_context(servers.postgrad(homes[OURS], workers=1, core=SERVER_CORE))
        run = train(ours, NET)
        ours.ask("PUT", "/v1/models/net/aliases/production", {"run": run["id"]})
        weights = folder / "net.npz"
        with urlopen(f"http://127.0.0.1:{ours.port}/v1/runs/{run['id']}/export?format=npz") as file:
            weights.write_bytes(file.read())
        bare = stack.enter_context(servers.bare(homes[BARE], weights, "h11", core=SERVER_CORE))
        like_ours = stack.enter_context(servers.bare(homes[LIKE_OURS], weights, "httptools", core=SERVER_CORE))
        mlserver = stack.enter_context(servers.mlserver(homes[MLSERVER], weights, core=SERVER_CORE))
        yield {OURS: ours, BARE: bare, LIKE_OURS: like_ours, MLSERVER: mlserver}


def _measure(title: str, given: dict[str, Server], folder: Path, rows: int, plan: Plan, ratios: dict[str, float]) -> Result:
    X = np.random.default_rng(0).uniform(-1, 1, (rows, 2))
    contenders: dict[str, Turn] = {}
    answers = {}
    for name, server in given.items():
        body = {
            "inputs": [{"name": "input", "shape": [rows, 2], "datatype": "FP64", "data": X.ravel().round(6).tolist()}],
            "outputs": [{"name": OUTPUTS[name]}],
        }
        answers[name] = np.array(server.ask("POST", PATH, body)["outputs"][0]["data"])
        file = folder / f"{OUTPUTS[name]}-{rows}.json"
        file.write_text(json.dumps(body))
        contenders[name] = computing(server, PATH, file, plan)
    for name, answer in answers.items():
        if not np.allclose(answer, answers[OURS], atol=TOLERANCE, rtol=0):
            raise RuntimeError(f"{name} does not predict what {OURS} does")
    targets = [Target(OURS, peer, ratio) for peer, ratio in ratios.items()]
    return judge(title, turns(contenders, plan), targets, unit="/s")
