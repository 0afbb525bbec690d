"""A run with millions of points is deleted: nobody waits for it, and no kill leaves a row behind."""

import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from service.client import Client, NotFoundError
from service.store.migrate import upgrade
from service.store.unit import Database
from tests.faults.long_runs import fill
from tests.faults.processes import kill_everything, until
from tests.live import live_server
from tests.service.records import queue_run

POINTS = 3_000_000
WAIT_SECONDS = 4.0
"""Longest wait of a small write: 6 to 9 s when all rows went in one transaction, 0.1 s in pieces; 1.8 on busy cores."""


def left(path: Path, run_id: str) -> int:
    """Return how many rows there are of a run."""
    with closing(sqlite3.connect(path, timeout=60)) as db:
        count = "SELECT (SELECT count(*) FROM {} WHERE run_id = :run)"
        tables = ("metrics", "events", "checkpoints", "attempts")
        rows = sum(db.execute(count.format(table), {"run": run_id}).fetchone()[0] for table in tables)
        return int(rows + db.execute("SELECT count(*) FROM runs WHERE id = ?", (run_id,)).fetchone()[0])


class Writer(threading.Thread):
    """A client that writes small things, and knows how long it had to wait."""

    def __init__(self, url: str, run_id: str) -> None:
        super().__init__(daemon=True)
        self._url, self._run_id, self._stopping = f"{url}/v1/runs/{run_id}", run_id, threading.Event()
        self.waits: list[float] = []
        self.refused: list[str] = []

    def run(self) -> None:
        """Write until the server is gone."""
        with httpx.Client(timeout=60) as client, suppress(httpx.TransportError):
            while not self._stopping.is_set():
                begun = time.monotonic()
                answer = client.patch(self._url, json={"name": f"name {len(self.waits)}"})
                self.waits.append(time.monotonic() - begun)
                if answer.status_code != 200:
                    self.refused.append(answer.text)

    def stop(self) -> None:
        """Stop, and see that all was written, and soon."""
        self._stopping.set()
        self.join(60)
        assert len(self.waits) > 5
        assert self.refused == []
        print("longest waits of writes:", sorted(self.waits)[-5:])
        assert max(self.waits) < WAIT_SECONDS


def test_nobody_waits_and_nothing_stays(tmp_path: Path) -> None:
    """The answer and all other writes are quick; a server that is killed in the middle leaves the rest to the next one."""
    data = tmp_path / "data"
    path = data / "postgrad.sqlite3"
    url = f"sqlite:///{path}"
    upgrade(url)
    with closing(Database(url)) as database:
        large, small = queue_run(database).id, queue_run(database).id
    fill(path, large, POINTS)
    with live_server(data, POSTGRAD_WORKERS="0") as (address, server), Client(address) as client:
        assert client.usage()["points"]["count"] == POINTS
        writer = Writer(address, small)
        writer.start()
        until(lambda: writer.waits)
        begun = time.monotonic()
        client.runs.delete(large)
        assert time.monotonic() - begun < WAIT_SECONDS
        for gone in (client.runs.get, client.runs.delete, client.runs.loss_history):
            with pytest.raises(NotFoundError):
                gone(large)
        assert [run["id"] for run in client.runs.list()] == [small]
        used = client.usage()
        assert (used["runs"]["count"], used["points"]["count"]) == (1, 0)
        until(lambda: left(path, large) < POINTS * 0.8)
        writer.stop()
        kill_everything(server)
    assert left(path, large) > POINTS // 10
    with live_server(data, POSTGRAD_WORKERS="0") as (address, _), Client(address) as client:
        writer = Writer(address, small)
        writer.start()
        until(lambda: left(path, large) == 0, seconds=120)
        writer.stop()
        assert [run["id"] for run in client.runs.list()] == [small]
