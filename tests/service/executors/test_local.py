"""The embedded executor when processes cannot be started, and when it is told to stop at a bad moment."""

import errno
import os
from multiprocessing.context import SpawnProcess

import pytest

from service.executors.local import LocalExecutor
from service.executors.slot import Lost
from service.executors.worker import WorkerSettings
from tests.faults.processes import gone, kill, until, workers_of

STOP_SECONDS = 5.0


def _executor(url: str, lost: list[Lost], workers: int = 1) -> LocalExecutor:
    settings = WorkerSettings(url, 0.5, os.getpid())
    return LocalExecutor(workers, settings, on_free=lambda: None, on_lost=lost.append)


def test_a_worker_that_cannot_be_started_is_tried_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is out of processes for a moment costs no worker for good."""
    left = iter(range(3))
    real = SpawnProcess.start

    def start(process: SpawnProcess) -> None:
        if next(left, None) is not None:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        real(process)

    monkeypatch.setattr(SpawnProcess, "start", start)
    executor = _executor(url, [])
    executor.open()
    until(lambda: executor.free == 1)
    assert executor.alive
    executor.close(STOP_SECONDS)


def test_a_worker_that_died_idle_is_replaced_for_the_next_job(url: str) -> None:
    """The job of a run that is not there ends at once in a new worker, and is not called lost."""
    lost: list[Lost] = []
    executor = _executor(url, lost)
    executor.open()
    until(lambda: executor.free == 1)
    (pid,) = workers_of(os.getpid())
    kill(pid)
    until(lambda: gone(pid))
    executor.submit(("run_absent", 1))
    until(lambda: executor.free == 1)
    assert lost == []
    executor.close(STOP_SECONDS)


@pytest.mark.parametrize("round_", range(5))
def test_it_can_be_stopped_while_it_starts(url: str, round_: int) -> None:
    """A stop right after the start ends every worker and raises nothing."""
    del round_
    executor = _executor(url, [], workers=2)
    executor.open()
    executor.close(STOP_SECONDS)
    assert workers_of(os.getpid()) == []


def test_a_job_that_no_worker_took_comes_back(url: str) -> None:
    """What waits for a worker when the server stops is given back, and not blamed on the run."""
    lost: list[Lost] = []
    executor = _executor(url, lost, workers=0)
    executor.open()
    executor.submit(("run_waiting", 1))
    executor.close(STOP_SECONDS)
    assert lost == [Lost(("run_waiting", 1), "the server is stopping", blame=False)]
