"""Commands of a document with the output that stands below them, pasted into one shell.

A block of `sh` or `python` is a step; a block of `json` or `text` right below it is what it prints. A block that a test
cannot run stands below a line `<!-- not run: why -->`.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.live import ROOT
from tests.tools import need

STEP = re.compile(
    r"^(?P<mark><!-- not run: [^\n]+ -->\n)?```(?P<kind>sh|python|js)\n(?P<code>.*?)^```$"
    r"(?:\n\n```(?:json|text)\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Yield each block of commands that is to be run, with the output that stands below it."""
    for block in STEP.finditer(text):
        if not block["mark"]:
            code = f".venv/bin/python - <<'PYTHON'\n{block['code']}PYTHON\n" if block["kind"] == "python" else block["code"]
            yield code, (block["output"] or "").strip("\n")


def matches(expected: str, printed: str) -> bool:
    """Return whether an output is the expected one; `…` stands for anything, an indented line goes on the one above."""
    parts = [r"\s*".join(map(re.escape, re.split(r"\n +", part))) for part in expected.split("…")]
    between = "".join(f"(?>.*?{part})" for part in parts[1:-1])  # atomic: many … do not multiply the work
    pattern = parts[0] if len(parts) == 1 else f"{parts[0]}{between}.*{parts[-1]}"
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def walk(tour: Iterable[tuple[str, str]], url: str, tmp_path: Path) -> None:
    """Run all steps in one shell, against a server, and hold each output against the expected one."""
    need("curl")
    env = {**os.environ, "POSTGRAD_URL": url}
    with subprocess.Popen(["bash"], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        for command, expected in tour:
            here = command.replace("127.0.0.1:8000", url.removeprefix("http://"))
            here = here.replace("/tmp/", f"{tmp_path}/")  # noqa: S108 (a reader has no other)
            shell.stdin.write(f"{here}\necho; echo '---end'\n")
            shell.stdin.flush()
            printed = "".join(iter(shell.stdout.readline, "---end\n")).strip("\n")
            assert matches(expected, printed), f"{command}\nexpected:\n{expected}\nprinted:\n{printed}"
