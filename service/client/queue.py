"""The queue of a server, as types; times are estimates in seconds."""

from typing import Literal, TypedDict


class Workers(TypedDict):
    """The workers of a server."""

    total: int
    free: int


class Running(TypedDict):
    """A run that has a worker."""

    run: str
    name: str | None
    attempt: int
    step: int
    steps: int
    eta_seconds: float


class Waiting(TypedDict):
    """A run that waits for a worker."""

    run: str
    name: str | None
    position: int
    priority: int
    starts_in_seconds: float | None
    eta_seconds: float | None


class Queue(TypedDict):
    """What is being trained, and what waits."""

    object: Literal["queue"]
    workers: Workers
    running_count: int
    queued_count: int
    running: list[Running]
    queued: list[Waiting]
