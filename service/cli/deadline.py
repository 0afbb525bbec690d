"""The time that a process has to end, from the first signal on."""

import logging
import os
import sys
import threading

log = logging.getLogger(__name__)

EXTRA_SECONDS = 0.5
"""Beyond the time for requests and workers: what follows them takes some milliseconds."""


class Deadline:
    """Ends this process if it has not ended by itself.

    A thread that computes cannot be interrupted, and Python waits for it. What it had stored stays; the kernel ends the workers
    and frees the locks.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds + EXTRA_SECONDS, _end)
        self._timer.daemon = True
        self._begun = False

    def begin(self) -> None:
        """Start the time; later calls change nothing."""
        if not self._begun:
            self._begun = True
            self._timer.start()


def _end() -> None:
    log.warning("the time for a good end is over: requests that still compute are given up")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
