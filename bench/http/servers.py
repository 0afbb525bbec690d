"""Servers on free ports of 127.0.0.1, with directories of their own, ended by their process id."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from subprocess import STDOUT, Popen, TimeoutExpired
from typing import Any

ROOT = Path(__file__).parent.parent.parent
MLSERVER, MLFLOW = ROOT / ".venv-mlserver/bin", ROOT / ".venv-mlflow-server/bin"
START_SECONDS = 120
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]


@dataclass(frozen=True)
class Server:
    """A server that is ready, `seconds` after it was started."""

    port: int
    pid: int
    seconds: float

    def ask(self, method: str, path: str, sent: Any = None) -> Any:
        """Send JSON on a connection of its own and return the JSON that comes back; raise RuntimeError for an error."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            return ask(connection, method, path, sent)
        finally:
            connection.close()


def ask(connection: HTTPConnection, method: str, path: str, sent: Any = None) -> Any:
    """Do the same on a connection that stays open."""
    return json.loads(fetch(connection, method, path, sent))


def fetch(connection: HTTPConnection, method: str, path: str, sent: Any = None) -> bytes:
    """Do the same and return the bytes that come back."""
    body = None if sent is None else json.dumps(sent)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    got = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {got[:500]!r}")
    return got


Command = Callable[[int], Sequence[str | Path]]
"""How a server is started on a port."""


@contextmanager
def serving(command: Command, ready: str, folder: Path, *, core: int | None = None, **env: str) -> Iterator[Server]:
    """Start a server, on one core if it is named, wait until a path answers 200, and end it with the block."""
    port, log = free_port(), folder / "server.log"
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    with log.open("w") as output:
        start = time.perf_counter()
        process = Popen(
            [*pinned, *command(port)], cwd=folder, env=os.environ | env, stdout=output, stderr=STDOUT, start_new_session=True
        )
        try:
            while not answers(port, ready):
                if process.poll() is not None or time.perf_counter() - start > START_SECONDS:
                    raise RuntimeError(log.read_text()[-2000:])
                time.sleep(0.005)
            yield Server(port, process.pid, time.perf_counter() - start)
        finally:
            process.terminate()
            with suppress(TimeoutExpired):
                process.wait(timeout=20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it left behind
            process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(port: int, path: str) -> bool:
    """Return whether a path answers 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


Started = AbstractContextManager[Server]


def postgrad(folder: Path, *, workers: int, core: int | None = None, **env: str) -> Started:
    """Start ours; with no workers it only queues."""
    given = ("--data-dir", folder / "data", "--workers", str(workers), "--log-level", "warning")
    env = {"PYTHONPATH": str(ROOT)} | env
    return serving(
        lambda port: [sys.executable, "-m", "service", "serve", "--port", str(port), *given],
        "/readyz",
        folder,
        core=core,
        **env,
    )


def bare(folder: Path, model: Path, http: str, *, core: int | None = None) -> Started:
    """Start the bare application; `http` is the parser of its server."""
    script = Path(__file__).parent / "bare.py"
    return serving(lambda port: [sys.executable, script, model, str(port), http], "/ready", folder, core=core)


def mlserver(folder: Path, model: Path, *, core: int | None = None) -> Started:
    """Start MLServer with the same net as scikit-learn's. No worker processes: they do not start with the uvloop of today."""
    script = Path(__file__).parent / "mlserver_model.py"

    def command(port: int) -> list[str | Path]:
        ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
        settings = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, **ports}
        (folder / "settings.json").write_text(json.dumps(settings))
        start = f"'{MLSERVER}/python' '{script}' '{model}' '{folder}' && exec '{MLSERVER}/mlserver' start '{folder}'"
        return ["sh", "-c", start]

    return serving(command, "/v2/models/net/ready", folder, core=core)


def mlflow(folder: Path, *, workers: int | None = None, core: int | None = None) -> Started:
    """Start MLflow's server on SQLite, with its own number of processes (4) if none is given."""
    given = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.sqlite3", "--artifacts-destination", folder / "artifacts"]
    given += [] if workers is None else ["--workers", str(workers)]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{MLFLOW}:{os.environ['PATH']}"}
    return serving(
        lambda port: [MLFLOW / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), *given],
        "/health",
        folder,
        core=core,
        **quiet,
    )
