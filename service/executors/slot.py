"""One worker process, and the thread that watches over it."""

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

from service.executors.worker import BEAT, TAKEN, UNSAVED, WorkerSettings, work

log = logging.getLogger(__name__)

RESPAWN_SECONDS = 0.2  # between two starts of a worker that dies before it is ready
START_SECONDS = 120.0  # for a worker to load, 0.7 s of a core
THREAD_SECONDS = 5.0  # for a supervisor to notice that its worker has ended
LOOKS = 5  # for a sign of life, in the time that a worker may be silent

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
        self.silent = False
        """Whether the worker was silent for too long and the next one is not ready yet."""
        self.hung = 0
        """Number of workers that were."""

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
        """Let the worker do a job, a new one if it died before it took the job; return the pipe to the worker for the next."""
        ready: Connection | None = pipe
        while ready is not None:
            taken = False
            try:
                ready.send(job)
                taken = self._answer(ready) == TAKEN
                if self._answer(ready) == UNSAVED:
                    self._on_lost(Lost(job, "the database could not be used", blame=False))
            except TimeoutError:
                return self._replaced(job, ready)
            except (EOFError, OSError):
                ready.close()
                if taken:
                    log.warning("%s was lost with run %s, attempt %d", self.name, *job)
                    self._on_lost(Lost(job, "its worker was lost", blame=True))
                    return self._ready_worker()
                ready = self._ready_worker()
            else:
                return ready
        self._on_lost(Lost(job, "the server is stopping", blame=False))
        return None

    def _answer(self, pipe: Connection) -> str:
        """Return what the worker says at the end of its job; raise TimeoutError if it is silent for too long.

        Too long are several looks in a row. After a pause of the whole machine all that can have passed is one of them.
        """
        missed = 0
        while missed < LOOKS:
            if not pipe.poll(self._settings.silence_seconds / LOOKS):
                missed += 1
                continue
            missed, said = 0, str(pipe.recv())
            if said != BEAT:
                return said
        raise TimeoutError

    def _replaced(self, job: Job, pipe: Connection) -> Connection | None:
        """Kill a worker that hangs, whatever it holds, give its job back and return the pipe to a new one."""
        self.silent, self.hung = True, self.hung + 1
        why = f"its worker gave no sign of life for {self._settings.silence_seconds:g} s and was killed"
        log.error(
            "%s hangs with run %s, attempt %d, and is killed: it was silent for %g s",
            self.name,
            *job,
            self._settings.silence_seconds,
        )
        if self._process is not None:
            self._process.kill()
            self._process.join()  # what it wrote last is written, and its lock on the database is gone
        pipe.close()
        self._on_lost(Lost(job, why, blame=True))
        ready = self._ready_worker()
        self.silent = False
        return ready

    def _ready_worker(self) -> Connection | None:
        """Start a worker, as often as need be, until one has loaded what it needs; None if told to stop."""
        while not self._stopping:
            try:
                pipe = self._spawn()
                if not pipe.poll(START_SECONDS) and self._process is not None:
                    self._process.kill()
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
