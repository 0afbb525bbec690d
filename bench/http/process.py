"""What a server takes of the machine: itself and all processes below it, by the kernel's own books."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

CPUCLOCK_SCHED = 2


def processor_seconds(pid: int) -> float:
    """Return the processor time so far, to the nanosecond."""
    return sum(time.clock_gettime((~each << 3) | CPUCLOCK_SCHED) for each in tree(pid))


def memory_bytes(pid: int) -> int:
    """Return the proportional set size: a page that n processes share counts as 1/n in each."""
    rollups = (Path(f"/proc/{each}/smaps_rollup").read_text() for each in tree(pid))
    return sum(int(size) * 1024 for text in rollups for size in re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE))


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from tree(int(child))
