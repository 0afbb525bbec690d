"""Commands of a document with the output that stands below them, pasted into one shell."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from tests.live import ROOT


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Yield each block of commands with the output that stands below it."""
    blocks = re.findall(r"```(sh|json)\n(.*?)```", text, re.DOTALL)
    for (kind, block), (after, output) in pairwise([*blocks, ("sh", "")]):
        if kind == "sh":
            yield block, output.strip("\n") if after == "json" else ""


def matches(expected: str, printed: str) -> bool:
    """Return whether an output is the expected one; `…` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def walk(tour: Iterable[tuple[str, str]], url: str, tmp_path: Path) -> None:
    """Run all steps in one shell, against a server, and hold each output against the expected one."""
    shell = subprocess.Popen(["bash"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert shell.stdin is not None
    assert shell.stdout is not None
    for command, expected in tour:
        here = command.replace("http://127.0.0.1:8000", url).replace("/tmp/", f"{tmp_path}/")  # noqa: S108 (a reader has no other)
        shell.stdin.write(f"{here}\necho; echo '---end'\n")
        shell.stdin.flush()
        printed = "".join(iter(shell.stdout.readline, "---end\n")).strip("\n")
        assert matches(expected, printed), f"{command}\nexpected:\n{expected}\nprinted:\n{printed}"
    shell.stdin.close()
    shell.wait(timeout=10)
    shell.stdout.close()
