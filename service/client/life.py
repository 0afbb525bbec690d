"""What changes the life of a run, or makes a new one out of it; for both clients."""

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

from service.client.calls import Call, on_run, once
from service.client.objects import Run

T = TypeVar("T")

Overrides = Mapping[str, Mapping[str, Any]]


def extend(run_id: str, steps: int, name: str | None) -> Call[Run]:
    """POST /v1/runs/{id}/extend."""
    return on_run("POST", run_id, "extend", body={"steps": steps, "name": name}, headers=once())


def fork(
    run_id: str, overrides: Overrides | None, checkpoint: str | int, name: str | None, tags: Mapping[str, str] | None
) -> Call[Run]:
    """POST /v1/runs/{id}/fork."""
    body = {"checkpoint": checkpoint, "name": name, "tags": tags, "overrides": overrides or {}}
    return on_run("POST", run_id, "fork", body=body, headers=once())


def verify(run_id: str) -> Call[Run]:
    """POST /v1/runs/{id}/verify."""
    return on_run("POST", run_id, "verify", headers=once())


class Changes(TypedDict, total=False):
    """What can be changed of a run; a tag of None is removed, a name of None too."""

    name: str | None
    tags: Mapping[str, str | None]
    priority: int


class Caller(Protocol):
    """The part of `Client` that is needed here."""

    def call(self, call: Call[T]) -> T:
        """Make a request."""

    def text(self, call: Call[str]) -> str:
        """Make a request whose answer is a text."""


class AsyncCaller(Protocol):
    """The part of `AsyncClient` that is needed here."""

    def call(self, call: Call[T]) -> Awaitable[T]:
        """Make a request."""

    def text(self, call: Call[str]) -> Awaitable[str]:
        """Make a request whose answer is a text."""


class Life:
    """Stop a run for a while or for good, delete it, make another out of it."""

    _client: Caller

    def cancel(self, run_id: str) -> Run:
        """Stop a run; its checkpoints are kept. A running one stops a moment later: `wait` for it."""
        return self._client.call(on_run("POST", run_id, "cancel"))

    def pause(self, run_id: str) -> Run:
        """Stop a run for a while; a running one is paused a moment later."""
        return self._client.call(on_run("POST", run_id, "pause"))

    def resume(self, run_id: str) -> Run:
        """Let a paused run go on from its checkpoint."""
        return self._client.call(on_run("POST", run_id, "resume"))

    def extend(self, run_id: str, steps: int, name: str | None = None) -> Run:
        """Train a run that has ended or is paused up to more `steps` in all; return the new run that does."""
        return self._client.call(extend(run_id, steps, name))

    def fork(
        self,
        run_id: str,
        overrides: Overrides | None = None,
        checkpoint: str | int = "latest",
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Run:
        """Branch off at a checkpoint: `fork(id, {"optimizer": {"learning_rate": 0.1}}, "best")`; return the new run."""
        return self._client.call(fork(run_id, overrides, checkpoint, name, tags))

    def verify(self, run_id: str) -> Run:
        """Train a run again; return the new run, whose `verified` says in the end whether the weights are the same."""
        return self._client.call(verify(run_id))

    def update(self, run_id: str, **changes: Unpack[Changes]) -> Run:
        """Change `name`, `tags` and `priority`; what is left out stays."""
        return self._client.call(on_run("PATCH", run_id, body=changes))

    def delete(self, run_id: str) -> None:
        """Delete a run that is not running."""
        self._client.call(on_run("DELETE", run_id))


class AsyncLife:
    """Stop a run for a while or for good, delete it, make another out of it."""

    _client: AsyncCaller

    async def cancel(self, run_id: str) -> Run:
        """Stop a run; its checkpoints are kept. A running one stops a moment later: `wait` for it."""
        return await self._client.call(on_run("POST", run_id, "cancel"))

    async def pause(self, run_id: str) -> Run:
        """Stop a run for a while; a running one is paused a moment later."""
        return await self._client.call(on_run("POST", run_id, "pause"))

    async def resume(self, run_id: str) -> Run:
        """Let a paused run go on from its checkpoint."""
        return await self._client.call(on_run("POST", run_id, "resume"))

    async def extend(self, run_id: str, steps: int, name: str | None = None) -> Run:
        """Train a run that has ended or is paused up to more `steps` in all; return the new run that does."""
        return await self._client.call(extend(run_id, steps, name))

    async def fork(
        self,
        run_id: str,
        overrides: Overrides | None = None,
        checkpoint: str | int = "latest",
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Run:
        """Branch off at a checkpoint: `fork(id, {"optimizer": {"learning_rate": 0.1}}, "best")`; return the new run."""
        return await self._client.call(fork(run_id, overrides, checkpoint, name, tags))

    async def verify(self, run_id: str) -> Run:
        """Train a run again; return the new run, whose `verified` says in the end whether the weights are the same."""
        return await self._client.call(verify(run_id))

    async def update(self, run_id: str, **changes: Unpack[Changes]) -> Run:
        """Change `name`, `tags` and `priority`; what is left out stays."""
        return await self._client.call(on_run("PATCH", run_id, body=changes))

    async def delete(self, run_id: str) -> None:
        """Delete a run that is not running."""
        await self._client.call(on_run("DELETE", run_id))
