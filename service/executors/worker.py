"""What runs inside a worker process: take a job from the pipe, train it, answer, again."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from service import logs, memory
from service.errors import Busy, Damaged
from service.parent import die_with
from service.runs.backlog import Bounds
from service.runs.execute import UNBOUNDED, execute
from service.store.unit import Database

log = logging.getLogger(__name__)

READY, TAKEN, DONE, UNSAVED = "ready", "taken", "done", "unsaved"
"""What a worker says: it has loaded, it has a job, the job has ended, the database could not be used to the end of a job."""
BEAT = "beat"
"""What it says while it has a job: its threads run."""
BEATS = 15
"""So many beats there are in the time after which a worker that is silent counts as hung."""


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker needs to know."""

    database_url: str
    commit_interval_seconds: float
    parent_pid: int
    log_level: logs.Level = "info"
    log_format: logs.Format = "auto"
    bounds: Bounds = UNBOUNDED
    silence_seconds: float = 30.0


def work(jobs: Connection, settings: WorkerSettings) -> None:
    """Say that it is ready, then serve jobs (run id, attempt) until the pipe closes.

    On SIGTERM the running job is committed and given back to the queue, and the worker ends.
    """
    stop = _StopFlag()
    logs.configure(settings.log_level, settings.log_format)
    die_with(settings.parent_pid)
    memory.end_first()
    database = Database(settings.database_url, min_free_bytes=settings.bounds.min_free_bytes)
    pulse = _Pulse(jobs, settings.silence_seconds / BEATS)
    pulse.say(READY)
    while not stop.set:
        try:
            job = jobs.recv()
        except EOFError:
            break
        pulse.say(TAKEN)
        pulse.busy.set()
        said = _do(job, database, settings, lambda: stop.set)
        pulse.busy.clear()
        pulse.say(said)
    database.close()


class _Pulse:
    """Beats while there is a job, from a thread of its own: a step or an evaluation may take as long as it likes.

    The thread needs Python's lock now and then, which NumPy and SQLite let go. So the beats end when the process is stopped,
    frozen or without memory, or something holds that lock for ever; not when a loop has no end.
    """

    def __init__(self, jobs: Connection, seconds: float) -> None:
        self._jobs, self._seconds = jobs, seconds
        self._speaking = threading.Lock()
        self.busy = threading.Event()
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def say(self, what: str) -> None:
        """Say something to the server; never in the middle of a beat."""
        with self._speaking:
            self._jobs.send(what)

    def _beat(self) -> None:
        while self.busy.wait():
            with suppress(OSError):  # the pipe is closed: the process ends
                self.say(BEAT)
            time.sleep(self._seconds)


def _do(job: tuple[str, int], database: Database, settings: WorkerSettings, stopping: Callable[[], bool]) -> str:
    """Train a run; return what to say of it. An error that nobody foresaw ends this process, for its state is not known."""
    run_id, attempt = job
    with logs.about(run_id=run_id, attempt=attempt):
        log.info("attempt begins")
        try:
            execute(
                database,
                *job,
                commit_interval_seconds=settings.commit_interval_seconds,
                stopping=stopping,
                bounds=settings.bounds,
            )
        except Damaged:  # to try again at once does not help
            sys.exit(1)
        except Busy as error:
            log.warning("the run could not be saved: %s", error)
            return UNSAVED
        except Exception:
            log.exception("the worker ends by an error")
            sys.exit(1)
        log.info("attempt ends")
        return DONE


class _StopFlag:
    """True once SIGTERM has come. Ctrl-C reaches the whole group, but it is for the server to say when to stop."""

    def __init__(self) -> None:
        self.set = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: object) -> None:
        self.set = True
