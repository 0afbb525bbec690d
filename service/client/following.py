"""Follow runs, for both clients: a lost connection is made again, and nothing is missed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

import httpx

from service.client import calls, flows, wire
from service.client.objects import Event, Run
from service.client.sse import Following

if TYPE_CHECKING:
    from service.client.asynchronous import AsyncClient
    from service.client.sync import Client


def _follow(client: "Client", following: Following) -> Iterator[Event]:
    """Yield events until the run has ended."""
    while not following.done:
        outcome: flows.Outcome
        try:
            with client.http.stream(**wire.arguments(client.base_url, following.call)) as response:
                if response.status_code == 200:
                    for chunk in response.iter_bytes():
                        yield from following.take(chunk)
                elif response.status_code == 204:
                    return
                else:
                    response.read()
                outcome = wire.reply_of(response, whole=response.status_code != 200)
        except httpx.HTTPError as error:
            outcome = wire.failure_of(error, client.base_url)
        if not following.done:
            time.sleep(following.broke(outcome))


async def _follow_async(client: "AsyncClient", following: Following) -> AsyncIterator[Event]:
    """Yield events until the run has ended."""
    while not following.done:
        outcome: flows.Outcome
        try:
            async with client.http.stream(**wire.arguments(client.base_url, following.call)) as response:
                if response.status_code == 200:
                    async for chunk in response.aiter_bytes():
                        for event in following.take(chunk):
                            yield event
                elif response.status_code == 204:
                    return
                else:
                    await response.aread()
                outcome = wire.reply_of(response, whole=response.status_code != 200)
        except httpx.HTTPError as error:
            outcome = wire.failure_of(error, client.base_url)
        if not following.done:
            await asyncio.sleep(following.broke(outcome))


class Followed:
    """Wait for runs, and hear what happens to them."""

    _client: "Client"

    def events(self, run_id: str, after: int = 0, limit: int | None = None) -> Iterator[Event]:
        """Yield what happened to a run, in order; `limit` is the size of a page."""
        return self._client.pages(calls.events(run_id, after, limit))

    def follow(self, run_id: str, after: int = 0, patience: float = 60.0) -> Iterator[Event]:
        """Yield what happens to a run, each event as it happens, until the run ends: over lost connections and restarts.

        Raise an APIError when nothing could be heard of the server for `patience` seconds.
        """
        return _follow(self._client, Following(run_id, after, patience))

    def wait(
        self,
        run_id: str,
        timeout: float | None = None,
        on_progress: Callable[[Run], object] | None = None,
        patience: float = 60.0,
    ) -> Run:
        """Return a run when it has ended, however that was, or is paused; raise TimeoutError after `timeout` seconds.

        `on_progress` is called with the run whenever it has changed, for the last time when it has ended. The server
        may be away for `patience` seconds, such as for a restart, once it has told of the run.
        """
        return self._client.drive(
            flows.wait(run_id, timeout, on_progress, self._client.max_retries, wire.longest_hold(self._client.http), patience)
        )


class AsyncFollowed:
    """Wait for runs, and hear what happens to them."""

    _client: "AsyncClient"

    def events(self, run_id: str, after: int = 0, limit: int | None = None) -> AsyncIterator[Event]:
        """Yield what happened to a run, in order; `limit` is the size of a page."""
        return self._client.pages(calls.events(run_id, after, limit))

    def follow(self, run_id: str, after: int = 0, patience: float = 60.0) -> AsyncIterator[Event]:
        """Yield what happens to a run, each event as it happens, until the run ends: over lost connections and restarts.

        Raise an APIError when nothing could be heard of the server for `patience` seconds.
        """
        return _follow_async(self._client, Following(run_id, after, patience))

    async def wait(
        self,
        run_id: str,
        timeout: float | None = None,  # noqa: ASYNC109 (the signature of `Runs.wait`)
        on_progress: Callable[[Run], object] | None = None,
        patience: float = 60.0,
    ) -> Run:
        """Return a run when it has ended, however that was, or is paused; raise TimeoutError after `timeout` seconds.

        `on_progress` is called with the run whenever it has changed, for the last time when it has ended. The server
        may be away for `patience` seconds, such as for a restart, once it has told of the run.
        """
        return await self._client.drive(
            flows.wait(run_id, timeout, on_progress, self._client.max_retries, wire.longest_hold(self._client.http), patience)
        )
