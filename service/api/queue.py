"""/v1/queue: what is being trained, what waits, and for how long."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.api.deps import Server
from service.runs.queue import look
from service.store.queue import remaining_seconds

router = APIRouter(prefix="/v1/queue", tags=["system"])


class RunningOut(BaseModel):
    """A run that has a worker."""

    run: str
    name: str | None
    attempt: int
    step: int
    steps: int
    eta_seconds: Annotated[float, Field(description="until it ends, by its rate; by its estimate before its first step")]


class WaitingOut(BaseModel):
    """A run that waits for a worker."""

    run: str
    name: str | None
    position: Annotated[int, Field(description="1: begun next")]
    priority: int
    starts_in_seconds: Annotated[float | None, Field(description="null without workers")]
    eta_seconds: Annotated[float | None, Field(description="until it ends")]


class WorkersOut(BaseModel):
    """The workers of this server."""

    total: int
    free: int


class QueueOut(BaseModel):
    """The queue; times are estimates."""

    object: Literal["queue"] = "queue"
    workers: WorkersOut
    running_count: int
    queued_count: int
    running: list[RunningOut]
    queued: Annotated[list[WaitingOut], Field(description="the first `limit` of those who wait, in the order of their turns")]


@router.get("")
def queue(server: Server, limit: Annotated[int, Query(ge=1, le=1000, description="waiting runs to show")] = 100) -> QueueOut:
    """Show what is being trained and what waits, in order, with estimates of when each begins and ends."""
    workers = server.settings.workers
    found = look(server.database, workers, limit)
    running = [
        RunningOut(
            run=run.id,
            name=run.name,
            attempt=run.attempt,
            step=run.step,
            steps=run.steps,
            eta_seconds=remaining_seconds(run),
        )
        for run in found.running
    ]
    queued = [
        WaitingOut(
            run=run.id,
            name=run.name,
            position=place.position,
            priority=run.priority,
            starts_in_seconds=place.starts_in_seconds,
            eta_seconds=None if place.starts_in_seconds is None else place.starts_in_seconds + remaining_seconds(run),
        )
        for run, place in found.waiting
    ]
    return QueueOut(
        workers=WorkersOut(total=workers, free=max(0, workers - found.busy)),
        running_count=len(running),
        queued_count=found.queued,
        running=running,
        queued=queued,
    )
