"""Find and kill the processes of a server, by their own pids."""

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import Popen


def parts_of(pid: int) -> dict[int, int]:
    """Return the processes that answer requests of a server with several: the pid of each by its number."""
    found = {}
    for child in children_of(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            if number := re.search(r"/metrics/counter_(\d+)\.db", Path(f"/proc/{child}/maps").read_text()):
                found[int(number[1])] = child
    return found


def workers_of(pid: int) -> list[int]:
    """Return the pids of the worker processes of a server."""
    return sorted(set(children_of(pid)) - set(parts_of(pid).values()))


def children_of(pid: int) -> list[int]:
    """Return the pids of all processes that a server has started."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended
            children += [int(child) for child in (task / "children").read_text().split()]
    return sorted(child for child in children if b"spawn_main" in _command(child))


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def kill(pid: int) -> None:
    """Send SIGKILL; the process may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def kill_everything(server: "Popen[str]") -> None:
    """Kill a server and all its processes at one instant."""
    victims = [server.pid, *children_of(server.pid)]
    for pid in victims:
        kill(pid)
    server.wait()


def gone(pid: int) -> bool:
    """Return whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for a condition; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
