"""A server of the demo's own: a real `postgrad serve` with a temporary data directory."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import service
from service.cli.talk import fail

START_SECONDS, STOP_SECONDS = 30.0, 20.0
ROOT = Path(service.__file__).resolve().parent.parent


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def temporary_server() -> Iterator[Server]:
    """Start a server on a free port; end it and remove all it has kept when the block ends, however that is."""
    with TemporaryDirectory(prefix="postgrad-demo-") as directory:
        log = Path(directory, "log")
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve", "--port", "0", "--data-dir", "data"],
                cwd=directory, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
            )  # fmt: skip
        try:
            yield Server(_url(process, log), process)
        finally:
            _end(process)


def _environment() -> dict[str, str]:
    """Keep the user's own settings out: they may name the database of a real server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTGRAD_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))}


def _url(process: subprocess.Popen[str], log: Path) -> str:
    """Wait for the line that says where the server serves."""
    assert process.stdout is not None  # noqa: S101 (it is a pipe)
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    said = process.stdout.readline() if ready else ""
    if not said.startswith("postgrad serves "):
        why = log.read_text().strip().splitlines()
        fail(f"the demo's server did not start: {why[-1] if why else f'it said nothing in {START_SECONDS:g} s'}")
    return said.split()[-1]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
