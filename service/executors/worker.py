"""What runs inside a worker process: take a job from the pipe, train it, answer, again."""

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection

from service.runs.execute import execute
from service.store.unit import Database

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker needs to know."""

    database_url: str
    commit_interval_seconds: float
    parent_pid: int


def work(jobs: Connection, settings: WorkerSettings) -> None:
    """Say "ready", then serve jobs (run id, attempt), until the pipe closes or SIGTERM comes.

    A running job is then committed and given back to the queue.
    """
    stop = _StopFlag()
    _die_with(settings.parent_pid)
    database = Database(settings.database_url)
    jobs.send("ready")
    while not stop.set:
        try:
            job = jobs.recv()
        except (EOFError, InterruptedError):
            break
        execute(database, *job, commit_interval_seconds=settings.commit_interval_seconds, stopping=lambda: stop.set)
        jobs.send("done")
    database.close()


class _StopFlag:
    """True once SIGTERM has come. Ctrl-C reaches the whole group, but it is for the server to say when to stop."""

    def __init__(self) -> None:
        self.set = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: object) -> None:
        self.set = True


def _die_with(parent_pid: int) -> None:
    """Let the kernel kill this process when the server dies, however that happens: no orphan writes or burns a core."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before this line
        os._exit(1)
