"""The embedded executor: worker processes of this server, each on a pipe of its own.

Nothing is shared between workers, no lock and no queue, so one that is killed at any instant harms only its own job
(docs/decisions/0003 has the measurement that ruled out a pool).
"""

import logging
import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from service.executors.worker import WorkerSettings, work

log = logging.getLogger(__name__)

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")

RESPAWN_SECONDS = 0.2  # between two starts of a worker that dies before it is ready

Job = tuple[str, int]
"""A run's id and the number of the attempt."""

OnFree = Callable[[], None]
OnLost = Callable[[Job], None]
"""Called with a job whose worker died, from a thread of the executor."""


class LocalExecutor:
    """A fixed number of worker processes; a lost one is replaced."""

    def __init__(self, workers: int, settings: WorkerSettings, *, on_free: OnFree, on_lost: OnLost) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._on_free = on_free
        self._free = 0
        self._lock = threading.Lock()
        self._slots = [Slot(f"worker-{i + 1}", self._jobs, settings, self._count_free, on_lost) for i in range(workers)]

    def open(self) -> None:
        """Start the workers; each is free once it has loaded what it needs."""
        os.environ.update(ONE_THREAD)  # inherited by the workers, where it is read before NumPy loads
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
        """Ask the workers to commit and stop; kill those that have not after the grace."""
        for slot in self._slots:
            self._jobs.put(None)
            slot.stop()
        for slot in self._slots:
            slot.join(grace_seconds)


class Slot(threading.Thread):
    """One worker process and the thread that watches over it."""

    def __init__(
        self, name: str, jobs: "queue.SimpleQueue[Job | None]", settings: WorkerSettings, on_free: OnFree, on_lost: OnLost
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._jobs, self._settings, self._on_free, self._on_lost = jobs, settings, on_free, on_lost
        self._context = multiprocessing.get_context("spawn")
        self._stopping = False
        self._process: BaseProcess | None = None

    def run(self) -> None:
        """Pass jobs to the worker, one after the other, until told to stop."""
        pipe = self._ready_worker()
        while not self._stopping:
            self._on_free()
            job = self._jobs.get()
            if job is None:
                break
            try:
                pipe = self._pass(job, pipe)
            except (EOFError, OSError):
                log.warning("%s was lost with run %s, attempt %d", self.name, *job)
                self._on_lost(job)
                pipe = self._ready_worker()
        pipe.close()

    def _pass(self, job: Job, pipe: Connection) -> Connection:
        """Let the worker do a job, a new one if it died while it was idle. Raises EOFError or OSError if it dies with it."""
        if self._process is None or not self._process.is_alive():
            pipe = self._ready_worker()
        pipe.send(job)
        pipe.recv()
        return pipe

    def _ready_worker(self) -> Connection:
        """Start a worker, as often as need be, and wait until it has loaded what it needs."""
        while True:
            pipe = self._spawn()
            try:
                pipe.recv()
            except (EOFError, OSError):
                if self._stopping:
                    return pipe
                time.sleep(RESPAWN_SECONDS)
            else:
                return pipe

    def _spawn(self) -> Connection:
        # Spawned, never forked: a database connection must not cross a fork. The parent of the process is this thread,
        # and the kernel's death signal goes by threads, so the thread lives as long as the server.
        if self._process is not None:
            self._process.join()
        mine, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=work, args=(theirs, self._settings), name=f"postgrad-{self.name}", daemon=True
        )
        self._process.start()
        theirs.close()  # so that the death of the worker is the end of the pipe
        return mine

    def stop(self) -> None:
        """Ask the worker to give its job back and end."""
        self._stopping = True
        if self._process is not None:
            self._process.terminate()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the worker; kill it after the timeout."""
        if self._process is not None:
            self._process.join(timeout)
            if self._process.exitcode is None:
                log.warning("%s did not stop within %s s and is killed", self.name, timeout)
                self._process.kill()
                self._process.join()
        super().join(timeout)
