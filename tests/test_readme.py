"""The tour of the README, pasted line by line, does what it prints."""

import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.live import ROOT, live_server

README = ROOT / "README.md"


def _steps(text: str) -> Iterator[tuple[str, str]]:
    """Yield each block of commands of the tour with the output that stands below it."""
    tour = text.partition("and go on in another")[2].partition("All routes, with a form")[0]
    blocks = re.findall(r"```(sh|json)\n(.*?)```", tour, re.DOTALL)
    for (kind, block), (after, output) in pairwise([*blocks, ("sh", "")]):
        if kind == "sh":
            yield block, output.strip("\n") if after == "json" else ""


def _matches(expected: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def test_the_tour_prints_what_it_says(tmp_path: Path) -> None:
    """Each block of the tour runs in one shell and prints what the README shows, but for what is marked with …."""
    steps = list(_steps(README.read_text()))
    assert sum(bool(output) for _, output in steps) >= 7
    with live_server(tmp_path / "data") as (url, _):
        shell = subprocess.Popen(["bash"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert shell.stdin is not None
        assert shell.stdout is not None
        for command, expected in steps:
            here = command.replace("http://127.0.0.1:8000", url).replace("/tmp/", f"{tmp_path}/")  # noqa: S108 (the README's reader has no other)
            shell.stdin.write(f"{here}\necho; echo '---end'\n")
            shell.stdin.flush()
            printed = "".join(iter(shell.stdout.readline, "---end\n")).strip("\n")
            assert _matches(expected, printed), f"{command}\nexpected:\n{expected}\nprinted:\n{printed}"
        shell.stdin.close()
        shell.wait(timeout=10)
        shell.stdout.close()


def test_the_check_above_can_fail() -> None:
    """A wrong output is found: an expectation without its wildcard does not match."""
    assert _matches('{"id":"run_…"}', '{"id":"run_01"}')
    assert not _matches('{"id":"run_"}', '{"id":"run_01"}')
