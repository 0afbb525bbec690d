"""What is being trained, what waits, and for how long."""

from dataclasses import dataclass

from service.domain import RunStatus
from service.store import queue, runs
from service.store.places import Standing
from service.store.queue import Brief
from service.store.unit import Database, Transaction


@dataclass(frozen=True)
class Queue:
    """The running runs, the first of those that wait with their places, and how many wait in all."""

    running: list[Brief]
    waiting: list[tuple[Brief, Standing]]
    queued: int
    busy: int
    """Workers that have a run, whosever it is."""


def look(database: Database, workers: int, limit: int) -> Queue:
    """Return the queue with up to `limit` of those who wait."""

    def work(db: Transaction) -> Queue:
        waiting = queue.waiting(db, limit, workers)
        return Queue(queue.running(db), waiting, runs.count(db, RunStatus.QUEUED), queue.busy(db))

    return database.read(work)
