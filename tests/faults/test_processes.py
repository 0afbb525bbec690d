"""Several processes that answer requests over one database: `postgrad serve --processes N`."""

import asyncio
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest
from prometheus_client.mmap_dict import MmapedDict

from tests.faults.processes import children_of, gone, kill, parts_of, until, workers_of
from tests.faults.test_streams import PATIENT, Follower, client_of, ends_them
from tests.live import live_server

LONG: dict[str, Any] = {"dataset": {"kind": "spiral"}, "model": {"kind": "mlp"}, "training": {"steps": 10_000_000}}
SHORT: dict[str, Any] = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 50}}
ROW = {"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [0.5, 0.5]}]}

BY_A_CALL = """
import runpy
from service.executors import dispatcher
dispatcher.POLL_SECONDS = 3600
if __name__ == "__main__":
    runpy.run_module("service", run_name="__main__")
"""
"""A server whose dispatcher does not look by itself: it places a run when it is told of one, or of a worker that is free."""

Served = tuple[httpx.Client, "Popen[str]", Path]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a server of three processes and two workers."""
    data = tmp_path_factory.mktemp("processes") / "data"
    with live_server(data, POSTGRAD_PROCESSES="3", POSTGRAD_WORKERS="2") as (url, process), fresh(url) as client:
        yield client, process, data


def fresh(url: str) -> httpx.Client:
    """Return a client that opens a connection for each request, so that the kernel chooses who answers."""
    return httpx.Client(base_url=url, headers={"Connection": "close"}, timeout=90, limits=httpx.Limits(max_connections=None))


def trained(client: httpx.Client, **more: Any) -> str:
    """Return the id of a run that has ended."""
    run = client.post("/v1/runs", json={**SHORT, **more}, headers={"Prefer": "wait=60"}).json()
    assert run["status"] == "succeeded"
    return str(run["id"])


def answered(data: Path) -> dict[int, int]:
    """Return how many requests each process has answered, by its number."""
    found: Counter[int] = Counter()
    for file in (data / "metrics").glob("counter_*.db"):
        for key, value, *_ in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
            found[int(file.stem.split("_")[1])] += int(value) if "postgrad_http_requests_total" in key else 0
    return found


def test_predictions_are_balanced(server: Served) -> None:
    """Of 90 connections each process gets some; the metrics, asked of any of them, tell of all."""
    client, _, data = server
    run_id = trained(client)
    before = answered(data)
    for _ in range(90):
        assert client.post(f"/v2/models/{run_id}/infer", json=ROW).status_code == 200
    until(lambda: sum(answered(data).values()) == sum(before.values()) + 90)  # counted when the answer is out
    each = {number: count - before.get(number, 0) for number, count in answered(data).items()}
    assert min(each[number] for number in (1, 2, 3)) >= 10, each
    assert {
        value for _ in range(10) for value in _values(client, "postgrad_http_requests_total", "POST", "/v2/models/{name}/infer")
    } == {90.0}
    assert {value for _ in range(10) for value in _values(client, "postgrad_model_cache_misses_total")} == {3.0}


def _values(client: httpx.Client, *signs: str) -> list[float]:
    lines = client.get("/metrics").text.splitlines()
    return [float(line.split()[-1]) for line in lines if line.startswith(signs[0]) and all(f'"{s}"' in line for s in signs[1:])]


def test_a_moved_alias_counts_everywhere_from_the_answer_on(server: Served) -> None:
    """Four clients over three processes: whoever asks after the answer to the PUT gets the new version."""
    client, _, _ = server
    runs = [trained(client, training={"steps": 20, "seed": seed}) for seed in range(12)]
    moved, wrong, asked = 0, [], 0
    done = threading.Event()

    def ask() -> None:
        nonlocal asked
        while not done.is_set():
            least = moved
            version = int(client.post("/v2/models/alias/infer", json=ROW).json()["model_version"])
            if version < least:
                wrong.append((version, least))
            asked += 1

    def move(to: str) -> None:
        nonlocal moved
        moved = client.put("/v1/models/alias/aliases/production", json={"run": to}).json()["version"]

    move(runs[0])
    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for run in runs[1:]:
        before = asked
        move(run)
        until(lambda before=before: asked > before + 8)  # type: ignore[misc]
    done.set()
    for asker in askers:
        asker.join()
    assert not wrong, wrong[:5]
    assert moved == len(runs)


def test_a_submit_wakes_the_dispatcher_of_another_process(tmp_path: Path) -> None:
    """A run begins by its POST, whichever process has answered it, and not at the next look of the dispatcher."""
    script = tmp_path / "by_a_call.py"
    script.write_text(BY_A_CALL)
    env = {"POSTGRAD_PROCESSES": "2", "POSTGRAD_WORKERS": "1"}
    with live_server(tmp_path / "data", main=(str(script),), **env) as (url, _), fresh(url) as client:
        for _ in range(10):
            trained(client)
            time.sleep(0.1)  # the worker is free again by then, and has said so: nothing but the POST places the next run


def test_a_key_makes_one_run_whoever_answers(server: Served) -> None:
    """Twenty equal POSTs at once over three processes make one run: the others get its answer, or 409 while it is made."""
    client, _, _ = server

    async def post_all() -> list[httpx.Response]:
        async def post() -> httpx.Response:
            async with client_of(str(client.base_url)) as another:
                return await another.post("/v1/runs", json={**SHORT, "name": "once"}, headers={"Idempotency-Key": "the-one"})

        return await asyncio.gather(*(post() for _ in range(20)))

    answers = asyncio.run(post_all())
    assert {answer.status_code for answer in answers} <= {202, 409}
    ids = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(ids) == 1
    named = client.get("/v1/runs", params={"limit": 1000}).json()["data"]
    assert [run["id"] for run in named if run["name"] == "once"] == list(ids)


def test_a_killed_process_is_back(server: Served) -> None:
    """Kill -9 of one of three under load: the others go on answering, and another is started in its place at once."""
    client, process, data = server
    run_id = trained(client)
    counts, done = Counter[str](), threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                status = client.post(f"/v2/models/{run_id}/infer", json=ROW).status_code
                counts["right" if status == 200 else f"status {status}"] += 1
            except httpx.TransportError as error:
                counts[type(error).__name__] += 1

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    until(lambda: counts["right"] > 20)
    before, children = answered(data), children_of(process.pid)
    kill(parts_of(process.pid)[2])
    until(lambda: set(children_of(process.pid)) - set(children))
    until(lambda: answered(data)[2] > before[2] + 3)
    at_back = counts["right"]
    until(lambda: counts["right"] > at_back + 20)
    done.set()
    for asker in askers:
        asker.join()
    broken = sum(counts.values()) - counts["right"]
    # What it was answering; and who came back before the kernel had closed its listening socket too is reset once more.
    assert broken <= 2 * len(askers), counts
    assert not [name for name in counts if name.startswith("status")], counts


def test_a_killed_worker_is_missed_by_every_process(server: Served) -> None:
    """/metrics of any process tells how many workers there are, and /readyz that runs are placed."""
    client, process, _ = server
    until(lambda: _values(client, "postgrad_workers_alive") == [2.0])
    kill(workers_of(process.pid)[0])
    until(lambda: _values(client, "postgrad_workers_alive") == [1.0])

    def replaced() -> bool:
        trained(client)  # an idle worker is replaced when its turn comes
        return _values(client, "postgrad_workers_alive") == [2.0]

    until(replaced)
    for _ in range(10):
        assert client.get("/readyz").json()["checks"]["executor"] is True


def test_a_dispatcher_that_is_silent_is_not_ready(server: Served) -> None:
    """While the parent is stopped the processes answer, say 503 to /readyz, and take runs, which it places later."""
    client, process, _ = server
    os.kill(process.pid, signal.SIGSTOP)
    try:
        until(lambda: client.get("/readyz").status_code == 503)
        ids = [client.post("/v1/runs", json=SHORT).json()["id"] for _ in range(20)]
        assert client.get("/healthz").status_code == 200
    finally:
        os.kill(process.pid, signal.SIGCONT)
    until(lambda: client.get("/readyz").status_code == 200)
    until(lambda: {client.get(f"/v1/runs/{run_id}").json()["status"] for run_id in ids} == {"succeeded"})


def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    """Kill -9 of the parent ends every process; the next server takes the run up."""
    with live_server(tmp_path / "data", POSTGRAD_PROCESSES="2", POSTGRAD_WORKERS="2") as (url, process):
        run_id = httpx.post(f"{url}/v1/runs", json=LONG).json()["id"]
        until(lambda: httpx.get(f"{url}/v1/runs/{run_id}").json()["progress"]["step"])
        until(lambda: len(children_of(process.pid)) == 4)
        children = children_of(process.pid)
        kill(process.pid)
        process.wait()
        until(lambda: all(map(gone, children)))
    with live_server(tmp_path / "data", POSTGRAD_PROCESSES="2") as (url, _):
        until(lambda: httpx.get(f"{url}/v1/runs/{run_id}").json()["attempt"] == 2)


def test_sigterm_drains_every_process(tmp_path: Path) -> None:
    """Forty streams end with a word, two runs go back to the queue, and none fails."""
    data = tmp_path / "data"
    env = {"POSTGRAD_PROCESSES": "2", "POSTGRAD_WORKERS": "2", "POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1", **PATIENT}
    with live_server(data, **env) as (url, process):
        runs = [httpx.post(f"{url}/v1/runs", json=LONG).json()["id"] for _ in range(2)]
        followers = [Follower(runs[i % 2]) for i in range(40)]
        children = children_of(process.pid)
        asyncio.run(ends_them(url, process, followers, events=5))
        assert all(map(gone, children))
    assert "Traceback" not in data.with_suffix(".log").read_text()
    with closing(sqlite3.connect(data / "postgrad.sqlite3")) as database:
        assert database.execute("SELECT DISTINCT status FROM runs").fetchall() == [("queued",)]
