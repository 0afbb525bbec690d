"""The client for asyncio programs: the calls of `sync.py`, awaited."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from service.client import calls, flows, sse, wire
from service.client.answers import Info
from service.client.api_keys import AsyncApiKeys
from service.client.calls import Call, RunParts
from service.client.curves import AsyncCurves
from service.client.datasets import AsyncDatasets
from service.client.errors import ServerError
from service.client.following import AsyncFollowed
from service.client.life import AsyncLife
from service.client.models import AsyncModels
from service.client.objects import Estimate, Page, Run, RunPage
from service.client.queue import Queue
from service.client.trained import AsyncTrained
from service.client.usage import Usage

T = TypeVar("T")


class AsyncClient:
    """A connection to a server, for asyncio; arguments and retries are those of `Client`."""

    def __init__(
        self,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
        http: httpx.AsyncClient | None = None,
        api_key: str | None = None,
    ) -> None:
        self.base_url = wire.address(base_url, http)
        self.max_retries = max_retries
        self.http = http or httpx.AsyncClient(**wire.options(self.base_url, timeout, api_key))
        self._owned = http is None
        if http is not None:
            http.headers.update(wire.authorization(api_key))
        self.runs = AsyncRuns(self)
        self.datasets = AsyncDatasets(self)
        self.models = AsyncModels(self)
        self.api_keys = AsyncApiKeys(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; an httpx client that was given stays open."""
        if self._owned:
            await self.http.aclose()

    async def info(self) -> Info:
        """Describe the server: version, workers, limits, what is queued and running."""
        return await self.call(calls.INFO)

    async def queue(self, limit: int | None = None) -> Queue:
        """Show what is being trained and what waits, with estimates of when each begins and ends."""
        return await self.call(calls.queue(limit))

    async def usage(self) -> Usage:
        """Tell how much this key's owner stores, and may; with an admin's key, the same of the server."""
        return await self.call(calls.USAGE)

    async def healthy(self) -> bool:
        """Return whether the server lives; raise APIConnectionError if there is none."""
        return "status" in (await self.drive(flows.exchange(calls.HEALTH, 0)))

    async def metrics(self) -> str:
        """Return the state of the server in the text format of Prometheus."""
        return await self.text(calls.METRICS)

    async def ready(self) -> bool:
        """Return whether the server can do its work; raise APIConnectionError if there is none."""
        try:
            await self.drive(flows.exchange(calls.READY, 0))
        except ServerError:
            return False
        return True

    async def call(self, call: Call[T]) -> T:
        """Make a request and return the JSON object of the answer, {} for an empty one."""
        return await self.drive(flows.exchange(call, self.max_retries))

    async def text(self, call: Call[str]) -> str:
        """Make a request and return the text of the answer."""
        return await self.drive(flows.document(call, self.max_retries))

    async def pages(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        """Yield the objects of a list, page after page."""
        following: Call[Page[T]] | None = call
        while following is not None:
            page = await self.call(following)
            for item in page["data"]:
                yield item
            following = flows.next_page(following, page)

    async def drive(self, flow: flows.Flow[T]) -> T:
        """Carry a flow out."""
        outcome: flows.Outcome | None = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, flows.Pause):
                await asyncio.sleep(step.seconds)
                outcome = None
            else:
                outcome = await self._send(step)

    async def characters(self, call: Call[Any]) -> AsyncIterator[str]:
        """Yield the characters of a text while it is written."""
        text = sse.Text()
        try:
            async with self.http.stream(**wire.arguments(self.base_url, call)) as response:
                if response.status_code != 200:
                    await response.aread()
                    flows.parse(wire.reply_of(response))
                async for chunk in response.aiter_bytes():
                    for character in text.take(chunk):
                        yield character
        except httpx.HTTPError as error:
            raise wire.failure_of(error, self.base_url) from error
        text.end()

    async def _send(self, call: Call[Any]) -> flows.Outcome:
        try:
            return wire.reply_of(await self.http.request(**wire.arguments(self.base_url, call)))
        except httpx.HTTPError as error:
            return wire.failure_of(error, self.base_url)


class AsyncRuns(AsyncLife, AsyncCurves, AsyncFollowed, AsyncTrained):
    """The runs of a server."""

    def __init__(self, client: AsyncClient) -> None:
        self._client: AsyncClient = client

    async def create(self, body: Mapping[str, Any] | None = None, /, **parts: Unpack[RunParts]) -> Run:
        """Queue a run, given as a whole request body or by its parts: `create(dataset="spiral", model="mlp")`."""
        return await self._client.call(calls.create_run(body, parts))

    async def validate(self, body: Mapping[str, Any] | None = None, /, **parts: Unpack[RunParts]) -> Estimate:
        """Check a run and estimate its cost, without creating anything."""
        return await self._client.call(calls.validate_run(body, parts))

    async def get(self, run_id: str) -> Run:
        """Return a run as it stands."""
        return await self._client.call(calls.on_run("GET", run_id))

    def list(self, **filters: str | int | Sequence[str] | None) -> AsyncIterator[Run]:
        """Yield the runs, the newest first; by `status`, `model`, `dataset`, `tag`, `filter`, …; `limit` is the size of a page.

        `order_by="metrics.loss"` is another order, `order="asc"` has the oldest first.
        """
        return self._client.pages(calls.list_runs(filters))

    async def page(self, **filters: str | int | Sequence[str] | None) -> RunPage:
        """Return one page of the list of runs as the API sends it; where `has_more`, the next is `after` its `next_after`."""
        return await self._client.call(calls.list_runs(filters))
