"""A real server in a process of its own, on a free port, ended by its pid."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

ROOT = Path(__file__).parent.parent


@contextmanager
def live_server(data_dir: Path, main: Sequence[str] = ("-m", "service"), **env: str) -> Iterator[tuple[str, "Popen[str]"]]:
    """Run `postgrad serve` with one worker on a data directory; yield its URL and its process. Its log is beside the directory.

    A second worker costs half a second of processor time at each start.
    """
    command = [sys.executable, *main, "serve", "--port", env.get("POSTGRAD_PORT", "0"), "--data-dir", str(data_dir)]
    with data_dir.with_suffix(".log").open("a") as log:
        process = Popen(
            command, cwd=ROOT, env={**os.environ, "POSTGRAD_WORKERS": "1", **env}, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("postgrad serves http"), data_dir.with_suffix(".log").read_text()
            yield line.split()[-1], process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            finally:
                process.kill()
                process.stdout.close()
