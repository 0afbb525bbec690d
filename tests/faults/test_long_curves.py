"""A curve of a million points is read a few points at a time, and nobody waits for those who read it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from service.store.migrate import upgrade
from service.store.unit import Database
from tests.faults.long_runs import SERIES, fill
from tests.live import live_server
from tests.service.records import queue_run

POINTS = {"kept": 1_000_000, "not kept": 400_000}
CACHE_BYTES = {"kept": 64 << 20, "not kept": 6 << 20}
"""Memory for curves: those of the run fit, or are read from the database each time."""
MOST_MIB = 150
AT_ONCE = 48
WAIT_SECONDS = 5.0
"""Longest wait of others: 12.5 s when the long curves took all threads, 0.5 s in turns."""
REDUCED = ("plot.svg", "metrics.csv?max_points=50", "loss-history?max_points=50", "metrics.ndjson?from_step=9&max_points=900")


def _peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


class Other(threading.Thread):
    """Another client, who asks for small things and knows how long it had to wait."""

    def __init__(self, url: str, path: str) -> None:
        super().__init__(daemon=True)
        self._url, self._path, self._stopping = url, path, threading.Event()
        self.waits: list[float] = []

    def run(self) -> None:
        """Ask until it is enough."""
        with httpx.Client(base_url=self._url, timeout=60) as client:
            while not self._stopping.wait(0.02):
                begun = time.monotonic()
                assert client.get(self._path).status_code == 200
                self.waits.append(time.monotonic() - begun)

    def stop(self) -> float:
        """Stop; return the longest wait."""
        self._stopping.set()
        self.join(60)
        assert len(self.waits) > 5
        return max(self.waits)


@pytest.mark.timeout(300)  # of processor time it takes 13 s
@pytest.mark.parametrize("kept", CACHE_BYTES)
def test_memory_and_others(tmp_path: Path, kept: str) -> None:
    """Choosing points and sending all of them takes little memory; 48 who ask at once hold up neither probes nor others."""
    data, points = tmp_path / "data", POINTS[kept]
    url = f"sqlite:///{data / 'postgrad.sqlite3'}"
    upgrade(url)
    with closing(Database(url)) as database:
        large, small = queue_run(database).id, queue_run(database).id
    fill(data / "postgrad.sqlite3", large, points)
    settings = {"POSTGRAD_WORKERS": "0", "POSTGRAD_CURVE_CACHE_BYTES": str(CACHE_BYTES[kept])}
    with live_server(data, **settings) as (address, server), httpx.Client(base_url=address, timeout=300) as client:
        for path in REDUCED:
            assert client.get(f"/v1/runs/{small}/{path}").status_code == 200
        before = _peak_mib(server.pid)
        for path in REDUCED:
            answer = client.get(f"/v1/runs/{large}/{path}")
            assert (answer.status_code, answer.headers["X-Total-Points"]) == (200, str(points))
        with client.stream("GET", f"/v1/runs/{large}/metrics.csv") as whole:
            lines = sum(chunk.count(b"\n") for chunk in whole.iter_bytes())
        assert lines == points + 1
        grown = _peak_mib(server.pid) - before
        print(f"MiB for {points:,} points of {len(SERIES)} series, {kept}: {grown:.0f}")
        assert grown < MOST_MIB

        others = [Other(address, path) for path in ("/healthz", f"/v1/runs/{small}")]
        for other in others:
            other.start()
        asked = f"{address}/v1/runs/{large}/metrics.csv?max_points=50"
        many = AT_ONCE if kept == "kept" else AT_ONCE // 8
        with ThreadPoolExecutor(many) as threads:
            answers = list(threads.map(lambda _: httpx.get(asked, timeout=300), range(many)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        waits = [other.stop() for other in others]
        print("longest waits of others:", waits)
        assert max(waits) < WAIT_SECONDS
