"""The client for ordinary programs."""

import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from service.client import calls, flows, sse, wire
from service.client.answers import Info
from service.client.api_keys import ApiKeys
from service.client.calls import Call, RunParts
from service.client.curves import Curves
from service.client.datasets import Datasets
from service.client.errors import ServerError
from service.client.following import Followed
from service.client.life import Life
from service.client.models import Models
from service.client.objects import Estimate, Page, Run, RunPage
from service.client.queue import Queue
from service.client.trained import Trained
from service.client.usage import Usage

T = TypeVar("T")


class Client:
    """A connection to a server. `base_url` defaults to the variable POSTGRAD_URL, then to http://127.0.0.1:8000.

    A request that never left is sent again up to `max_retries` times, with growing pauses; after a broken connection, 429
    and 503 as well what is done once however often it is sent, and then as late as the server's Retry-After asks for: GET,
    PUT, PATCH, DELETE, the POSTs that only ask, uploads, and those that make something, each of which carries an idempotency
    key of its own.

    `api_key` defaults to the variable POSTGRAD_API_KEY; to an httpx client that is given only one that is given is added.
    """

    def __init__(
        self,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
        http: httpx.Client | None = None,
        api_key: str | None = None,
    ) -> None:
        self.base_url = wire.address(base_url, http)
        self.max_retries = max_retries
        self.http = http or httpx.Client(**wire.options(self.base_url, timeout, api_key))
        self._owned = http is None
        if http is not None:
            http.headers.update(wire.authorization(api_key))
        self.runs = Runs(self)
        self.datasets = Datasets(self)
        self.models = Models(self)
        self.api_keys = ApiKeys(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; an httpx client that was given stays open."""
        if self._owned:
            self.http.close()

    def info(self) -> Info:
        """Describe the server: version, workers, limits, what is queued and running."""
        return self.call(calls.INFO)

    def queue(self, limit: int | None = None) -> Queue:
        """Show what is being trained and what waits, with estimates of when each begins and ends."""
        return self.call(calls.queue(limit))

    def usage(self) -> Usage:
        """Tell how much this key's owner stores, and may; with an admin's key, the same of the server."""
        return self.call(calls.USAGE)

    def healthy(self) -> bool:
        """Return whether the server lives; raise APIConnectionError if there is none."""
        return "status" in self.drive(flows.exchange(calls.HEALTH, 0))

    def metrics(self) -> str:
        """Return the state of the server in the text format of Prometheus."""
        return self.text(calls.METRICS)

    def ready(self) -> bool:
        """Return whether the server can do its work; raise APIConnectionError if there is none."""
        try:
            self.drive(flows.exchange(calls.READY, 0))
        except ServerError:
            return False
        return True

    def call(self, call: Call[T]) -> T:
        """Make a request and return the JSON object of the answer, {} for an empty one."""
        return self.drive(flows.exchange(call, self.max_retries))

    def text(self, call: Call[str]) -> str:
        """Make a request and return the text of the answer."""
        return self.drive(flows.document(call, self.max_retries))

    def pages(self, call: Call[Page[T]]) -> Iterator[T]:
        """Yield the objects of a list, page after page."""
        following: Call[Page[T]] | None = call
        while following is not None:
            page = self.call(following)
            yield from page["data"]
            following = flows.next_page(following, page)

    def drive(self, flow: flows.Flow[T]) -> T:
        """Carry a flow out."""
        outcome: flows.Outcome | None = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, flows.Pause):
                time.sleep(step.seconds)
                outcome = None
            else:
                outcome = self._send(step)

    def characters(self, call: Call[Any]) -> Iterator[str]:
        """Yield the characters of a text while it is written."""
        text = sse.Text()
        try:
            with self.http.stream(**wire.arguments(self.base_url, call)) as response:
                if response.status_code != 200:
                    response.read()
                    flows.parse(wire.reply_of(response))
                for chunk in response.iter_bytes():
                    yield from text.take(chunk)
        except httpx.HTTPError as error:
            raise wire.failure_of(error, self.base_url) from error
        text.end()

    def _send(self, call: Call[Any]) -> flows.Outcome:
        try:
            return wire.reply_of(self.http.request(**wire.arguments(self.base_url, call)))
        except httpx.HTTPError as error:
            return wire.failure_of(error, self.base_url)


class Runs(Life, Curves, Followed, Trained):
    """The runs of a server."""

    def __init__(self, client: Client) -> None:
        self._client: Client = client

    def create(self, body: Mapping[str, Any] | None = None, /, **parts: Unpack[RunParts]) -> Run:
        """Queue a run, given as a whole request body or by its parts: `create(dataset="spiral", model="mlp")`."""
        return self._client.call(calls.create_run(body, parts))

    def validate(self, body: Mapping[str, Any] | None = None, /, **parts: Unpack[RunParts]) -> Estimate:
        """Check a run and estimate its cost, without creating anything."""
        return self._client.call(calls.validate_run(body, parts))

    def get(self, run_id: str) -> Run:
        """Return a run as it stands."""
        return self._client.call(calls.on_run("GET", run_id))

    def list(self, **filters: str | int | Sequence[str] | None) -> Iterator[Run]:
        """Yield the runs, the newest first; by `status`, `model`, `dataset`, `tag`, `filter`, …; `limit` is the size of a page.

        `order_by="metrics.loss"` is another order, `order="asc"` has the oldest first.
        """
        return self._client.pages(calls.list_runs(filters))

    def page(self, **filters: str | int | Sequence[str] | None) -> RunPage:
        """Return one page of the list of runs as the API sends it; where `has_more`, the next is `after` its `next_after`."""
        return self._client.call(calls.list_runs(filters))
