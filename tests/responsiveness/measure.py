"""One row of the table: costly requests of one owner, and small ones of another beside them."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from tests.live import ROOT
from tests.responsiveness.house import House
from tests.responsiveness.rows import Row

TICKS = os.sysconf("SC_CLK_TCK")
QUIET_SHARE = 0.2
"""Of a core: a process that uses less has nothing left to do for the clients that went."""


@dataclass(frozen=True)
class Measured:
    """What a row showed; seconds of the worst of the small requests."""

    row: Row
    at_once: int
    p50: float
    p99: float
    failed: list[str]
    peak_bytes: int
    quiet_after: float
    answers: dict[str, int]

    def __str__(self) -> str:
        """Return it as a line of the table."""
        answers = " ".join(f"{status}×{count}" for status, count in self.answers.items())
        return (
            f"{self.row.route[:58]:58} {self.row.key or '-':5} {self.at_once} {self.p50 * 1000:6.0f} {self.p99 * 1000:6.0f} ms "
            f"{self.peak_bytes >> 20:5} MB  quiet after {self.quiet_after:4.1f} s  {answers}"
        )


def measure(house: House, row: Row, at_once: int, seconds: float) -> Measured:
    """Send the requests of a row from some clients for a time, and measure what the others see meanwhile."""
    pid = house.process.pid
    _forget_peak(pid)
    attack, probe = start(house, row, at_once, seconds), begin("probe", house, requests=house.small, seconds=seconds)
    seen = json.loads(probe.communicate(timeout=seconds + 90)[0])
    answers = json.loads(attack.communicate(timeout=seconds + 90)[0])
    quiet_after = _until_quiet(pid)
    times = [np.array(one["seconds"]) for one in seen.values()]
    return Measured(
        row=row,
        at_once=at_once,
        p50=max(float(np.percentile(one, 50)) for one in times),
        p99=max(float(np.percentile(one, 99)) for one in times),
        failed=[f"{name}: {what}" for name, one in seen.items() for what in one["failed"]],
        peak_bytes=peak(pid),
        quiet_after=quiet_after,
        answers=answers,
    )


def start(house: House, row: Row, at_once: int, seconds: float) -> "subprocess.Popen[str]":
    """Begin to send the requests of a row."""
    return begin("attack", house, requests=row.requests(house), at_once=at_once, seconds=seconds)


def begin(module: str, house: House, **plan: Any) -> "subprocess.Popen[str]":
    """Start a module of this folder with its plan."""
    place = urlsplit(house.url)
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.responsiveness.{module}"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"host": place.hostname, "port": place.port, **plan}))
    process.stdin.close()
    process.stdin = None
    return process


def _until_quiet(pid: int, longest: float = 20.0) -> float:
    """Return the seconds until the process uses little processor time, as measured over half a second."""
    begun = time.monotonic()
    while time.monotonic() - begun < longest:
        before, then = _processor_seconds(pid), time.monotonic()
        time.sleep(0.5)
        if (_processor_seconds(pid) - before) / (time.monotonic() - then) < QUIET_SHARE:
            return then - begun
    return longest


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _forget_peak(pid: int) -> None:
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid: int) -> int:
    """Return the most memory of a process since it was last forgotten, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
