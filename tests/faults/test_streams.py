"""A hundred who follow two runs, and a server that stops under them."""

import asyncio
import json
import time
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx

from tests.live import live_server

FOLLOWERS = 100
PATIENCE_SECONDS = 60
PATIENT = {"POSTGRAD_SHUTDOWN_SECONDS": str(PATIENCE_SECONDS)}
"""With this a server waits so long for what does not end by itself."""
BODY = {"dataset": {"kind": "spiral"}, "model": {"kind": "mlp"}, "training": {"steps": 10_000_000}}


class Follower:
    """Follows a run, and remembers what came."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.numbers: list[int] = []
        self.end: dict[str, Any] = {}

    async def follow(self, client: httpx.AsyncClient) -> None:
        """Read a stream to its end, from the last event that came."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self.numbers[-1] if self.numbers else 0)}
        async with client.stream("GET", f"/v1/runs/{self.run_id}/events", headers=headers) as response:
            assert response.status_code == 200
            kind = ""
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self.numbers.append(int(value))
                elif name == "event":
                    kind = value
                elif name == "data" and kind == "end":
                    self.end = json.loads(value)


async def all_have(followers: list[Follower], events: int) -> None:
    """Wait until each follower has had so many events."""
    while min(len(follower.numbers) for follower in followers) < events:  # noqa: ASYNC110 (what comes is no asyncio.Event)
        await asyncio.sleep(0.05)


def client_of(url: str) -> httpx.AsyncClient:
    """Return a client without a limit on connections."""
    return httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(max_connections=None))


async def ends_them(url: str, process: "Popen[str]", followers: list[Follower], events: int) -> None:
    """SIGTERM, once each follower has had so many events: all of them and the server end long before its patience does."""
    async with client_of(url) as client, asyncio.timeout(100):
        streams = [asyncio.create_task(follower.follow(client)) for follower in followers]
        await all_have(followers, events)
        assert not any(stream.done() for stream in streams)
        process.terminate()
        begun = time.monotonic()
        await asyncio.gather(*streams)
        assert await asyncio.to_thread(process.wait, PATIENCE_SECONDS) == 0
        assert time.monotonic() - begun < PATIENCE_SECONDS
    assert {follower.end["reason"] for follower in followers} == {"server_stopping"}


def test_a_hundred_streams_over_a_restart(tmp_path: Path) -> None:
    """SIGTERM ends a hundred streams with a word, and the server; after the restart nothing is missed."""
    env = {"POSTGRAD_WORKERS": "2", "POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1", **PATIENT}
    with live_server(tmp_path / "data", **env) as (url, process):
        runs = [httpx.post(f"{url}/v1/runs", json=BODY).json()["id"] for _ in range(2)]
        followers = [Follower(runs[i % 2]) for i in range(FOLLOWERS)]

        asyncio.run(ends_them(url, process, followers, events=10))
    with live_server(tmp_path / "data", **env) as (url, _):

        async def to_the_end() -> None:
            async with client_of(url) as client, asyncio.timeout(120):
                for run_id in runs:
                    assert (await client.get(f"/v1/runs/{run_id}")).json()["status"] in ("queued", "running")
                streams = [asyncio.create_task(follower.follow(client)) for follower in followers]
                await all_have(followers, 10 + max(len(follower.numbers) for follower in followers))
                for run_id in runs:
                    await client.post(f"/v1/runs/{run_id}/cancel")
                await asyncio.gather(*streams)

        asyncio.run(to_the_end())
        for follower in followers:
            assert follower.numbers == list(range(1, follower.numbers[-1] + 1))
            assert follower.end == {"reason": "run_ended", "status": "cancelled", "last_event_id": follower.numbers[-1]}
