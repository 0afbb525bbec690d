"""The textbook as its reader runs it: a script of its own, with NumPy and nothing else in the process."""

import subprocess
import sys
from tempfile import NamedTemporaryFile

import numpy as np

from bench.peers import textbook
from bench.task import Task


class Script:
    """`python textbook.py`, which times itself."""

    def __init__(self, task: Task) -> None:
        with NamedTemporaryFile(suffix=".npz", delete=False) as file:
            np.savez(file, X=task.X, y=task.y, kind=task.kind, reg=task.reg, rate=task.rate, **task.start)
        command = [sys.executable, textbook.__file__, file.name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def time(self, n: int) -> float:
        """Return the seconds that n updates take."""
        self._process.stdin.write(f"{n}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())
