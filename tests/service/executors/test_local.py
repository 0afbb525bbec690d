"""The embedded executor when processes cannot be started, and when it is told to stop at a bad moment."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from multiprocessing.context import SpawnProcess

import pytest

from service.executors.local import LocalExecutor
from service.executors.slot import Lost
from service.executors.worker import WorkerSettings
from tests.faults.processes import gone, kill, until, workers_of

STOP_SECONDS = 5.0


Start = Callable[..., LocalExecutor]


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    """Open an executor on an empty database; it is closed at the end of the test, however that ends."""
    with ExitStack() as stack:

        def opened(lost: list[Lost], workers: int = 1) -> LocalExecutor:
            settings = WorkerSettings(url, 0.5, os.getpid())
            executor = LocalExecutor(workers, settings, on_free=lambda: None, on_lost=lost.append)
            stack.callback(executor.close, STOP_SECONDS)
            executor.open()
            return executor

        yield opened


def test_a_worker_that_cannot_be_started_is_tried_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is out of processes for a moment costs no worker for good."""
    left = iter(range(3))
    real = SpawnProcess.start

    def spawn(process: SpawnProcess) -> None:
        if next(left, None) is not None:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        real(process)

    monkeypatch.setattr(SpawnProcess, "start", spawn)
    executor = start([])
    until(lambda: executor.free == 1)
    assert executor.alive


def test_a_worker_that_died_idle_is_replaced_for_the_next_job(start: Start) -> None:
    """The job of a run that is not there ends at once in a new worker, and is not called lost."""
    lost: list[Lost] = []
    executor = start(lost)
    until(lambda: executor.free == 1)
    (pid,) = workers_of(os.getpid())
    kill(pid)
    until(lambda: gone(pid))
    executor.submit(("run_absent", 1))
    until(lambda: executor.free == 1)
    assert lost == []


def test_a_worker_that_dies_before_it_takes_its_job_is_replaced(start: Start) -> None:
    """A job that lay in the pipe of a worker when that was killed has not begun: the run is not blamed."""
    lost: list[Lost] = []
    executor = start(lost)
    until(lambda: executor.free == 1)
    (pid,) = workers_of(os.getpid())
    os.kill(pid, signal.SIGSTOP)
    executor.submit(("run_absent", 1))
    until(lambda: executor.free == 0)
    kill(pid)
    until(lambda: executor.free == 1)
    assert lost == []
    assert workers_of(os.getpid()) != [pid]


@pytest.mark.parametrize("round_", range(5))
def test_it_can_be_stopped_while_it_starts(start: Start, round_: int) -> None:
    """A stop right after the start ends every worker and raises nothing."""
    del round_
    start([], workers=2).close(STOP_SECONDS)
    assert workers_of(os.getpid()) == []


def test_a_job_that_no_worker_took_comes_back(start: Start) -> None:
    """What waits for a worker when the server stops is given back, and not blamed on the run."""
    lost: list[Lost] = []
    executor = start(lost, workers=0)
    executor.submit(("run_waiting", 1))
    executor.close(STOP_SECONDS)
    assert lost == [Lost(("run_waiting", 1), "the server is stopping", blame=False)]
