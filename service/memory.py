"""The memory of this machine: how much there is for the server, and how it is given back."""

import ctypes
import os
import resource
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Parameters of glibc's `mallopt`."""
LARGE_BYTES = 1 << 20
CGROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def available_bytes() -> int:
    """Return the memory that this process and its children may have: that of the machine, of its control group or its limit."""
    return min([_machine(), *_of_control_groups(), *_of_process()])


def _machine() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_process() -> Iterator[int]:
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield soft


def _of_control_groups() -> Iterator[int]:
    """Yield the limits of the groups of this process, version 2 and version 1, and of those that they are in."""
    with suppress(OSError):
        for line in OWN.read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds in ("", "memory"):
                root, name = (CGROUPS / "memory", "memory.limit_in_bytes") if kinds else (CGROUPS, "memory.max")
                group = root / path.lstrip("/")
                for place in (group, *group.parents):
                    with suppress(OSError, ValueError):  # there is none, or it says "max"
                        yield int((place / name).read_text())
                    if place == root:
                        break


def return_freed() -> None:
    """Return to the system what is free in glibc's heaps: it keeps it, in each of them, for as long as the top is in use.

    After 1 GB of hostile requests a process kept 690 MB of which 400 were free. This takes 0.1 ms where nothing is, and 0.1 s
    for 400 MB; others go on meanwhile.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl has nothing like it
            ctypes.CDLL(None).malloc_trim(0)


def keep_little_free() -> None:
    """Let glibc map large arrays and texts each by itself, and return them when they are freed, whatever their size.

    Its own threshold grows with what was freed; and each thread would have a heap.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(M_ARENA_MAX, 2)
            mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
            mallopt(M_TRIM_THRESHOLD, 8 * LARGE_BYTES)


def release_frames(error: BaseException) -> None:
    """Let go of what the functions that an error went through have held: a body, and what was made of it.

    Such an error is often part of a circle (its own frames refer to it), and a few bodies of 8 MiB wait for the collector for
    minutes: 200 MB each.
    """
    found: BaseException | None = error
    while found is not None:
        traceback.clear_frames(found.__traceback__)  # of functions that have ended; those that run are left alone
        found = found.__cause__ or found.__context__


def end_first() -> None:
    """Ask the kernel, if memory runs out, to end this process before the server: its run goes on from the last checkpoint."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
