"""What runs inside a worker process: take a job from the pipe, train it, answer, again."""

import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from service import logs
from service.errors import Busy
from service.executors.parent import die_with
from service.runs.execute import execute
from service.store.unit import Database

log = logging.getLogger(__name__)

READY, DONE, UNSAVED = "ready", "done", "unsaved"
"""What a worker says: it has loaded, a job has come to its end, the database could not be used to the end of a job."""


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker needs to know."""

    database_url: str
    commit_interval_seconds: float
    parent_pid: int
    log_level: logs.Level = "info"
    log_format: logs.Format = "auto"


def work(jobs: Connection, settings: WorkerSettings) -> None:
    """Say that it is ready, then serve jobs (run id, attempt) until the pipe closes.

    On SIGTERM the running job is committed and given back to the queue, and the worker ends.
    """
    stop = _StopFlag()
    logs.configure(settings.log_level, settings.log_format)
    die_with(settings.parent_pid)
    database = Database(settings.database_url)
    jobs.send(READY)
    while not stop.set:
        try:
            job = jobs.recv()
        except EOFError:
            break
        jobs.send(_do(job, database, settings, lambda: stop.set))
    database.close()


def _do(job: tuple[str, int], database: Database, settings: WorkerSettings, stopping: Callable[[], bool]) -> str:
    """Train a run; return what to say of it. An error that nobody foresaw ends this process, for its state is not known."""
    run_id, attempt = job
    with logs.about(run_id=run_id, attempt=attempt):
        log.info("attempt begins")
        try:
            execute(database, *job, commit_interval_seconds=settings.commit_interval_seconds, stopping=stopping)
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
