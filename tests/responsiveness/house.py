"""A server with two owners on it: one has all that makes requests costly, the other asks small things."""

import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import numpy as np

from tests.live import live_server

POINTS = 600_000
"""Points of the longest run: 10 minutes of a softmax whose every step is a point."""
ROWS, FEATURES = 12_000, 784
TEXT = "".join(chr(code) for code in range(32, 127)) * 50
ENDED = ("succeeded", "failed", "cancelled")
SHUTDOWN_SECONDS = 4


@dataclass
class House:
    """A live server; `ids` are what belongs to the one who attacks, `small` the requests of the other."""

    url: str
    process: "Popen[str]"
    folder: Path
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    small: dict[str, dict[str, Any]] = field(default_factory=dict)

    def client(self, key: str) -> httpx.Client:
        """Return a client with one of the keys."""
        headers = {"Authorization": f"Bearer {self.keys[key]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120)

    def file(self, body: Callable[["House"], bytes]) -> str:
        """Make and keep the body of a request, once; return its path."""
        path = self.folder / body.__name__
        if not path.exists():
            path.write_bytes(body(self))
        return str(path)


@contextmanager
def house(folder: Path, main: Sequence[str] = ("-m", "service"), size: int = 1, **env: str) -> Iterator[House]:
    """Run a server and fill it; `main` are the arguments of Python that start one, data are a `size`th of the usual."""
    env = {"POSTGRAD_SHUTDOWN_SECONDS": str(SHUTDOWN_SECONDS), "POSTGRAD_LOG_LEVEL": "warning", **env}
    with live_server(folder / "data", main, **env) as (url, process):
        home = House(url, process, folder)
        _make_keys(home)
        with home.client("train") as mine, home.client("other") as theirs:
            home.limits = mine.get("/v1/info").json()["limits"]
            _fill(home, mine, size)
            _furnish(home, theirs)
        yield home


def _make_keys(home: House) -> None:
    def make(client: httpx.Client, name: str, scope: str, owner: str | None = None) -> dict[str, Any]:
        body = {"name": name, "scopes": [scope]} | ({"owner": owner} if owner else {})
        made: dict[str, Any] = client.post("/v1/api-keys", json=body).raise_for_status().json()
        home.keys[name] = made["secret"]
        return made

    with httpx.Client(base_url=home.url, timeout=60) as client:
        make(client, "admin", "admin")
    with home.client("admin") as admin:
        owner = make(admin, "train", "train")["owner"]
        make(admin, "read", "read", owner)
        make(admin, "other", "train")


def _ended(client: httpx.Client, body: dict[str, Any]) -> str:
    run = client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"}).raise_for_status().json()
    while run["status"] not in ENDED:
        run = client.get(f"/v1/runs/{run['id']}", headers={"Prefer": "wait=30"}).json()
    assert run["status"] == "succeeded", run
    return str(run["id"])


def _fill(home: House, client: httpx.Client, size: int) -> None:
    rows = ROWS // size
    rng = np.random.default_rng(0)
    packed = io.BytesIO()
    names = np.array([f"feature {i} " + "\N{GRINNING FACE}" * 20 for i in range(FEATURES)])
    np.savez(
        packed,
        X=rng.integers(0, 256, (rows, FEATURES)).astype(np.uint8),
        y=rng.integers(0, 10, rows),
        features=names,
    )
    upload = client.post("/v1/datasets/upload", files={"file": ("wide.npz", packed.getvalue())}, data={"name": "wide"})
    wide = upload.raise_for_status().json()["id"]
    stored = {"kind": "stored", "id": wide}
    home.ids["dataset_id"] = wide
    home.ids["wide"] = _ended(
        client,
        {
            "dataset": stored,
            "model": {"kind": "mlp", "hidden_sizes": [1000]},
            "training": {"steps": 1, "batch_size": 10, "standardize": True},
            "optimizer": {"kind": "sgd", "learning_rate": 1e-3},
        },
    )
    home.ids["text"] = _ended(
        client,
        {
            "dataset": {"kind": "text", "text": TEXT},
            "model": {"kind": "char_rnn", "hidden_size": 2000 // size},
            "training": {"steps": 1},
        },
    )
    home.ids["flat"] = _ended(
        client,
        {
            "dataset": {"kind": "spiral", "points_per_class": rows // 3},
            "model": {"kind": "mlp", "hidden_sizes": [1000, 1000]},
            "training": {"steps": 1, "batch_size": 10},
            "optimizer": {"kind": "sgd", "learning_rate": 1e-3},
        },
    )
    home.ids["name"], home.ids["alias"], home.ids["version"] = "wide", "production", "1"
    client.put("/v1/models/wide/aliases/production", json={"run": home.ids["wide"]}).raise_for_status()
    home.ids["long"] = _ended(
        client, {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 10, "log_every": 1}}
    )
    home.ids["run_id"] = home.ids["long"]
    lengthen(home, home.ids["long"])


def lengthen(home: House, run_id: str) -> None:
    """Give a run as many points as a long one has, straight into its table: training them would take minutes."""
    rng = np.random.default_rng(1)
    with closing(sqlite3.connect(home.folder / "data" / "postgrad.sqlite3", timeout=60)) as db, db:
        points = ((run_id, step, *rng.random(3).tolist()) for step in range(11, POINTS))
        db.executemany("INSERT INTO metrics (run_id, step, loss, data_loss, reg_loss) VALUES (?, ?, ?, ?, ?)", points)


def _furnish(home: House, client: httpx.Client) -> None:
    run = _ended(client, {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 20}})
    headers = {"Authorization": f"Bearer {home.keys['other']}", "Content-Type": "application/json"}
    home.small = {
        "healthz": {"method": "GET", "target": "/healthz", "headers": {}, "body": None},
        "predict": {
            "method": "POST",
            "target": f"/v1/runs/{run}/predict",
            "headers": headers,
            "body": json.dumps({"inputs": [[0.1, 0.2]]}),
        },
        "status": {"method": "GET", "target": f"/v1/runs/{run}", "headers": headers, "body": None},
    }
