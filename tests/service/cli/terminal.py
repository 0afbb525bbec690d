"""A command on a pseudo-terminal of its own, as somebody who sits at it sees it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from typing import Self

from tests.live import ROOT

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """`postgrad …` whose input and errors are a terminal; its output is a pipe, or the terminal too with `all_of_it`."""

    def __init__(self, *args: str, columns: int = 90, rows: int = 30, all_of_it: bool = False, **env: str) -> None:
        self._master, slave = pty.openpty()
        self.resize(columns, rows)
        clean = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service", *args],
            cwd=ROOT,
            env={**clean, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **env},
            stdin=slave,
            stdout=slave if all_of_it else subprocess.PIPE,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 (so that ^C is a signal)
        )
        os.close(slave)
        os.set_blocking(self._master, False)
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        os.close(self._master)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def until(self, holds: Callable[[str], bool], seconds: float = 60) -> str:
        """Read until what was shown since the last time is as it should be; return it."""
        shown, deadline = "", time.monotonic() + seconds
        while not holds(shown):
            assert time.monotonic() < deadline, f"not shown: {shown[-2000:]!r}"
            shown += self._read()
        return shown

    def ends(self, seconds: float = 60) -> tuple[int, str, str]:
        """Wait for the command; return its exit code, its output, and all that it has shown."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end: {self.shown[-2000:]!r}"
            self._read()
        while self._read():
            pass
        output = self.process.stdout.read().decode() if self.process.stdout else ""
        return self.process.returncode, output, self.shown

    def _read(self) -> str:
        try:
            read = os.read(self._master, 65536).decode(errors="replace")
        except BlockingIOError:
            time.sleep(0.01)
            return ""
        except OSError:  # of Linux, when nobody has the other side open any more
            return ""
        self.shown += read
        return read


def lines_of(shown: str) -> list[str]:
    """Return what was shown as lines, without the terminal's control sequences."""
    return re.split(r"[\r\n]+", CONTROL.sub("", shown))
