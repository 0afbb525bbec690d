"""The embedded executor: worker processes of this server, each on a pipe of its own.

Nothing is shared between workers, no lock and no queue, so one that is killed at any instant harms only its own job
(docs/decisions/0003 has the measurement that ruled out a pool).
"""

import logging
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from service.blas import use_one_thread
from service.executors.worker import UNSAVED, WorkerSettings, work

log = logging.getLogger(__name__)

RESPAWN_SECONDS = 0.2  # between two starts of a worker that dies before it is ready
THREAD_SECONDS = 5.0  # for a supervisor to notice that its worker has ended

Job = tuple[str, int]
"""A run's id and the number of the attempt."""


class Lost(NamedTuple):
    """A job that did not reach its end, and why; `blame` if the run itself may be the cause."""

    job: Job
    why: str
    blame: bool


OnFree = Callable[[], None]
OnLost = Callable[[Lost], None]
"""Both are called from a thread of the executor."""


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


class Slot(threading.Thread):
    """One worker process and the thread that watches over it."""

    def __init__(
        self, name: str, jobs: "queue.SimpleQueue[Job | None]", settings: WorkerSettings, on_free: OnFree, on_lost: OnLost
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._jobs, self._settings, self._on_free, self._on_lost = jobs, settings, on_free, on_lost
        self._context = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._changing = threading.Lock()  # no worker is started once it is told to stop
        self._stopping = False

    @property
    def living(self) -> bool:
        """Whether the worker's process is there; asked of its sentinel, for only the slot's own thread may reap it."""
        process = self._process
        return process is not None and not wait([process.sentinel], 0)

    def run(self) -> None:
        """Pass jobs to the worker, one after the other, until told to stop."""
        pipe = self._ready_worker()
        while pipe is not None:
            self._on_free()
            job = self._jobs.get()
            if job is None:
                pipe.close()
                return
            pipe = self._pass(job, pipe)

    def _pass(self, job: Job, pipe: Connection) -> Connection | None:
        """Let the worker do a job, a new one if it died while it was idle; return the pipe to the worker for the next."""
        ready: Connection | None = pipe
        if self._process is None or not self._process.is_alive():
            pipe.close()
            ready = self._ready_worker()
        if ready is None:
            self._on_lost(Lost(job, "the server is stopping", blame=False))
            return None
        try:
            ready.send(job)
            if ready.recv() == UNSAVED:
                self._on_lost(Lost(job, "the database could not be used", blame=False))
        except (EOFError, OSError):
            log.warning("%s was lost with run %s, attempt %d", self.name, *job)
            ready.close()
            self._on_lost(Lost(job, "its worker was lost", blame=True))
            return self._ready_worker()
        return ready

    def _ready_worker(self) -> Connection | None:
        """Start a worker, as often as need be, until one has loaded what it needs; None if told to stop."""
        while not self._stopping:
            try:
                pipe = self._spawn()
                pipe.recv()
            except (EOFError, OSError) as error:
                if not self._stopping:
                    log.warning("%s did not start and is tried again: %r", self.name, error)
                    time.sleep(RESPAWN_SECONDS)
            else:
                return pipe
        return None

    def _spawn(self) -> Connection:
        # Spawned, never forked: a database connection must not cross a fork. The parent of the process is this thread,
        # and the kernel's death signal goes by threads, so the thread lives as long as the server.
        if self._process is not None:
            self._process.join()
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(theirs, self._settings), name=f"postgrad-{self.name}", daemon=True)
        with self._changing, closing(theirs):  # once it is closed here, the death of the worker is the end of the pipe
            if self._stopping:
                raise EOFError
            process.start()
            self._process = process
        return mine

    def stop(self) -> None:
        """Ask the worker to give its job back and end."""
        with self._changing:
            self._stopping = True
            if self._process is not None:
                self._process.terminate()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the worker; kill it after the timeout."""
        if self._process is not None:
            self._process.join(timeout)
            if self._process.exitcode is None:
                log.warning("%s did not stop in time and is killed", self.name)
                self._process.kill()
                self._process.join()
        super().join(THREAD_SECONDS)
