"""Pythons of this machine that Postgrad runs on: prints a path for each minor version, the oldest first.

It looks among the commands of PATH and among the versions of pyenv. With `--ends`, it prints the oldest and the newest alone.
It runs on a Python without Postgrad's packages.
"""

import os
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = 11, 20  # of 3.x; the latter is only where to stop looking
ASK = "import sys; print(*sys.version_info[:3], sys.executable)"


def candidates() -> list[str]:
    """Return what may be a Python; a command of pyenv may refuse to run."""
    names = [f"python3.{minor}" for minor in range(OLDEST, NEWEST)]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return [sys.executable, *names, *map(str, sorted(root.glob("versions/3.*/bin/python")))]


def version(command: str) -> tuple[tuple[int, int, int], str] | None:
    """Return the version of a Python and its path; None if it does not run."""
    try:
        told = subprocess.run([command, "-c", ASK], capture_output=True, text=True, timeout=30, check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor, patch = map(int, told[:3])
    return (major, minor, patch), " ".join(told[3:])


def pythons() -> list[str]:
    """Return one path for each minor version, that of the newest patch."""
    found: dict[int, tuple[tuple[int, int, int], str]] = {}
    for told in filter(None, map(version, candidates())):
        minor = told[0][1]
        if minor >= OLDEST and (minor not in found or told[0] > found[minor][0]):
            found[minor] = told
    return [found[minor][1] for minor in sorted(found)]


if __name__ == "__main__":
    every = pythons()
    print(*(sorted({every[0], every[-1]}, key=every.index) if "--ends" in sys.argv else every))
