"""Train a run in this process, and print what its memory was estimated at and what it took: a process of its own."""

import json
import os
import sys
from pathlib import Path

from core.fields import choose, read
from core.spec import Blobs, Spiral, Text, TrainSpec
from service.blas import use_one_thread
from service.runs import control
from service.runs.execute import execute
from service.runs.submit import RunRequest, check, submit
from service.settings import Settings
from service.store import lifecycle
from service.store.migrate import upgrade
from service.store.unit import Database


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    """Read the body of a POST /v1/runs from stdin; the first argument is a folder."""
    use_one_thread()
    body, settings = json.load(sys.stdin), Settings(worker_memory_bytes=1 << 40)
    kind = choose([Spiral, Blobs, Text], body["dataset"], ())
    spec = TrainSpec.from_dict({part: body[part] for part in ("model", "optimizer", "training")})
    request = RunRequest(dataset=read(kind, body["dataset"]), spec=spec)
    url = f"sqlite:///{sys.argv[1]}/peak.sqlite3"
    upgrade(url)
    database = Database(url)
    run, cost = submit(database, settings, request), check(database, settings, request)[2]
    child = os.fork()
    if not child:
        Path("/proc/self/clear_refs").write_text("5")
        before = _status("VmRSS")
        fresh = Database(url)
        ((run_id, attempt),) = fresh.write(lambda db: lifecycle.claim(db, 1))
        execute(fresh, run_id, attempt, commit_interval_seconds=0.3, stopping=lambda: False)
        told = {"estimate": cost.memory_bytes, "peak": _status("VmHWM") - before, "status": control.get(fresh, run.id).status}
        print(json.dumps(told), flush=True)  # noqa: T201 (its answer)
        os._exit(0)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
