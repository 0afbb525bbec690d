"""Start the server with little memory: in a control group if there is a way to make one, else with a limit of the process."""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.processes import until

V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


@contextmanager
def limited(most_bytes: int) -> Iterator[tuple[tuple[str, ...], Path | None]]:
    """Yield the arguments that start `service` with that much memory, and its control group, if it has one."""
    group = _group(most_bytes)
    try:
        yield ("-m", "tests.responsiveness.limited", str(group or most_bytes)), group
    finally:
        if group is not None:
            until(lambda: not (group / "cgroup.procs").read_text())  # the server has ended, its children are about to
            group.rmdir()


def _group(most_bytes: int) -> Path | None:
    name = f"postgrad-{os.getpid()}"
    for place, limit in ((V1, "memory.limit_in_bytes"), (V2, "memory.max")):
        group = place / name
        try:
            group.mkdir()
        except OSError:
            continue
        if (group / limit).exists():
            (group / limit).write_text(str(most_bytes))
            return group
        group.rmdir()
    return None


def used_by(group: Path) -> int:
    """Return the memory of the processes of a group in bytes, without what files take of it."""
    lines = (group / "memory.stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(("total_rss ", "anon ")))


def kills_in(group: Path) -> int:
    """Return how many processes of a group the kernel has ended for want of memory."""
    found = next(group / name for name in ("memory.events", "memory.oom_control") if (group / name).exists())
    return next(int(line.split()[1]) for line in found.read_text().splitlines() if line.startswith("oom_kill "))


if __name__ == "__main__":
    where = sys.argv.pop(1)
    if where.isdigit():
        resource.setrlimit(resource.RLIMIT_DATA, (int(where), int(where)))
    else:
        (Path(where) / "cgroup.procs").write_text(str(os.getpid()))
    os.execv(sys.executable, [sys.executable, "-m", "service", *sys.argv[1:]])  # noqa: S606 (it needs none)
