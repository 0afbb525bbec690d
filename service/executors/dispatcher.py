"""The dispatcher: one thread that gives queued runs to free workers and takes back those whose worker was lost."""

import logging
import os
import queue
import threading
from collections.abc import Callable

from service.domain import Run, RunStatus, StopReason
from service.errors import Busy
from service.executors.disk import Disk
from service.executors.local import LocalExecutor
from service.executors.slot import Lost
from service.executors.worker import WorkerSettings
from service.runs.backlog import Bounds
from service.settings import Settings
from service.store import lifecycle, runs
from service.store.lifecycle import Fenced
from service.store.unit import Database, Transaction

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5


class Dispatcher:
    """Claims runs from the database as workers become free. Woken by a submit or a free worker, else it looks every 0.5 s."""

    def __init__(self, database: Database, settings: Settings, on_free: Callable[[], None] = lambda: None) -> None:
        """`on_free` is called, from another thread, whenever a worker is free: a run may have ended."""
        self._database, self._settings, self._on_free = database, settings, on_free
        self._disk = Disk(database)
        worker = WorkerSettings(
            settings.url,
            settings.commit_interval_seconds,
            os.getpid(),
            settings.log_level,
            settings.log_format,
            bounds=Bounds(
                settings.max_run_bytes, settings.max_checkpoints, settings.max_backlog_bytes, settings.min_free_bytes
            ),
            silence_seconds=settings.worker_silence_seconds,
        )
        self._executor = LocalExecutor(settings.workers, worker, on_free=self._note_free, on_lost=self._note_lost)
        self._lost: queue.SimpleQueue[Lost] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._stopping, self._ending = False, threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Take back what an earlier server left running, then begin to place runs."""
        for job in self._database.read(lifecycle.running):
            self._take_back(Lost(job, "the server was restarted", blame=False))
        self._disk.look()
        self._executor.open()
        self._thread.start()

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Whether runs are being placed."""
        return self._thread.is_alive() and self._executor.alive

    @property
    def workers_alive(self) -> int:
        """Number of worker processes that there are now."""
        return self._executor.living

    @property
    def workers_silent(self) -> int:
        """Number of workers that hang and are not replaced yet."""
        return self._executor.silent

    @property
    def workers_hung(self) -> int:
        """Number of workers that hung and were killed, since the start."""
        return self._executor.hung

    def stop(self) -> None:
        """Stop placing runs; running ones are committed and go back to the queue. A second call waits for the first."""
        with self._ending:
            if not self._stopping:
                self._stop()

    def _stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join(POLL_SECONDS * 4)
        self._executor.close(self._settings.shutdown_seconds)
        try:
            self._handle_lost()
        except Busy as error:
            log.warning("some runs are taken back only at the next start: %s", error)

    def _note_free(self) -> None:
        self._wake.set()
        self._on_free()

    def _note_lost(self, lost: Lost) -> None:
        self._lost.put(lost)
        self._wake.set()

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            try:
                self._handle_lost()
                self._disk.look()
                self._place()
            except Busy as error:
                log.warning("cannot place runs now: %s", error)
            except Exception:  # whatever it is, the queue must not stand still when it is over
                log.exception("placing runs failed and is tried again")

    def _place(self) -> None:
        free = self._executor.free
        if free and not self._disk.low:
            most = self._settings.max_running_runs_per_key
            for job in self._database.write(lambda db: [] if self._stopping else lifecycle.claim(db, free, most)):
                self._executor.submit(job)

    def _handle_lost(self) -> None:
        while not self._lost.empty():
            lost = self._lost.get()
            try:
                self._take_back(lost)
            except BaseException:
                self._lost.put(lost)
                raise

    def _take_back(self, lost: Lost) -> None:
        """Queue a run again, or end it if it has led nowhere too often."""
        run_id, attempt = lost.job

        def work(db: Transaction) -> None:
            run = runs.get(db, run_id)
            if run is None:
                return
            if run.cancel_requested:
                lifecycle.finish(db, run_id, attempt, RunStatus.CANCELLED, StopReason.CANCELLED)
            elif lost.blame and run.stalled_attempts + 1 >= self._settings.max_stalled_attempts:
                lifecycle.finish(db, run_id, attempt, RunStatus.FAILED, StopReason.WORKER_LOST, error=_worker_lost(run))
            else:
                lifecycle.release(db, run_id, attempt, why=lost.why, stalled=lost.blame)

        try:
            self._database.write(work)
        except Fenced:
            log.debug("run %s had ended before its worker was lost", run_id)


def _worker_lost(run: Run) -> dict[str, str]:
    return {
        "code": "worker_lost",
        "title": "Workers were lost again and again",
        "detail": f"{run.stalled_attempts + 1} workers in a row were lost at step {run.step} without a step of progress; "
        f"a run that needs more memory than there is does this",
    }
