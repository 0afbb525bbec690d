"""The embedded executor: worker processes of this server, each on a pipe of its own.

Nothing is shared between workers, no lock and no queue, so one that is killed at any instant harms only its own job
(docs/decisions/0003 has the measurement that ruled out a pool).
"""

import queue
import threading
import time

from service.blas import use_one_thread
from service.executors.slot import Job, Lost, OnFree, OnLost, Slot
from service.executors.worker import WorkerSettings


class LocalExecutor:
    """A fixed number of worker processes; a lost one is replaced."""

    def __init__(self, workers: int, settings: WorkerSettings, *, on_free: OnFree, on_lost: OnLost) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._on_free, self._on_lost = on_free, on_lost
        self._free = 0
        self._lock = threading.Lock()
        self._slots = [Slot(f"worker-{i + 1}", self._jobs, settings, self._count_free, on_lost) for i in range(workers)]

    def open(self) -> None:
        """Start the workers; each is free once it has loaded what it needs."""
        use_one_thread()  # the workers inherit it
        for slot in self._slots:
            slot.start()

    @property
    def free(self) -> int:
        """Number of workers that wait for a job."""
        with self._lock:
            return self._free

    @property
    def alive(self) -> bool:
        """Whether every worker's supervisor is at its post."""
        return all(slot.is_alive() for slot in self._slots)

    @property
    def living(self) -> int:
        """Number of worker processes that there are now."""
        return sum(slot.living for slot in self._slots)

    @property
    def silent(self) -> int:
        """Number of workers that are silent and not replaced yet."""
        return sum(slot.silent for slot in self._slots)

    @property
    def hung(self) -> int:
        """Number of workers that were silent for too long, since the start."""
        return sum(slot.hung for slot in self._slots)

    def submit(self, job: Job) -> None:
        """Hand a job to the next free worker."""
        with self._lock:
            self._free -= 1
        self._jobs.put(job)

    def _count_free(self) -> None:
        with self._lock:
            self._free += 1
        self._on_free()

    def close(self, grace_seconds: float) -> None:
        """Ask the workers to commit and stop; kill those that have not after the grace. No job is left in them."""
        deadline = time.monotonic() + grace_seconds
        for slot in self._slots:
            self._jobs.put(None)
            slot.stop()
        for slot in self._slots:
            slot.join(max(0.1, deadline - time.monotonic()))
        while not self._jobs.empty():
            if (job := self._jobs.get()) is not None:
                self._on_lost(Lost(job, "the server is stopping", blame=False))
