"""A campaign against a live server: Schemathesis with its four phases, a fixed budget and a seed."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.live import ROOT, live_server

MIB = 2**20
SERVER = {  # small, so that whatever a request asks for is over soon
    "POSTGRAD_WORKERS": "1",
    "POSTGRAD_WORKER_MEMORY_BYTES": str(64 * MIB),
    "POSTGRAD_MAX_QUEUED_RUNS": "200",
    "POSTGRAD_MAX_WAIT_SECONDS": "1",
    "POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.1",
    "POSTGRAD_LOG_LEVEL": "warning",
}
PHASES = "examples,coverage,fuzzing,stateful"
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "412", "413", "422", "429"]  # 422: the check schema_says_so looks closer
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "421", "422", "429"]

CONFIG = """
seed = {seed}
workers = 1
continue-on-failure = true
max-failures = 100
request-timeout = 20
suppress-health-check = ["all"]
[generation]
no-shrink = true
database = "none"
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx"]
positive_data_acceptance.expected-statuses = {accepted}
negative_data_rejection.expected-statuses = {refused}
[phases.fuzzing.generation]
max-examples = {examples}
[phases.stateful.generation]
max-examples = {sequences}
[[operations]]
include-path-regex = "^/v2"
checks.positive_data_acceptance.expected-statuses = {accepted_v2}
"""


SHORT = """
[[operations]]
include-name = "POST /v1/runs"
phases.coverage.enabled = false
"""
"""A quarter of all limits are those of this body, and /v1/runs/validate has the same."""


@dataclass(frozen=True)
class Outcome:
    """What a campaign found: the figures of its handler, how long it took, and whether the server was well afterwards."""

    seed: int
    figures: dict[str, Any]
    output: str
    seconds: float
    log: str
    healthy: bool

    def table(self) -> str:
        """Return the figures to print, and for each failure the request that repeats it."""
        found = self.figures
        rows = [
            ("seed", self.seed),
            ("cases", f"{sum(found['cases'].values()):,} ({', '.join(f'{n:,} {kind}' for kind, n in found['cases'].items())})"),
            ("sequences", f"{found['sequences']:,}"),
            ("answers", ", ".join(f"{n:,} × {kind}" for kind, n in sorted(found["statuses"].items()))),
            ("slowest", f"{found['slowest_seconds']} s"),
            ("seconds", f"{self.seconds:.0f}"),
            ("failures", len(found["failures"]) + len(found["errors"])),
        ]
        lines = [f"{name:<10} {value}" for name, value in rows]
        for where, failure in found["failures"].items():
            lines += ["", where, failure["message"], failure["curl"]]
        return "\n".join([*lines, *found["errors"]])


def campaign(directory: Path, *, cases: int, sequences: int, seed: int, short: bool = False) -> Outcome:
    """Send about `cases` random requests and `sequences` sequences to a server of its own; examples and limits come on top."""
    key = _key(directory / "data")
    with (
        live_server(directory / "data", **SERVER) as (url, server),
        httpx.Client(base_url=url, headers=key, timeout=20) as client,
    ):
        os.environ["FUZZ_KEY_ID"] = client.get("/v1/api-keys").json()["data"][0]["id"]  # for the hooks, in another process
        operations = sum(len(methods) for methods in client.get("/openapi.json").json()["paths"].values())
        begun = time.monotonic()
        figures, output = _round(
            directory, url, key, PHASES, seed, max(1, cases // operations), sequences, SHORT if short else ""
        )
        for more in range(1, 20):  # Hypothesis ends a suite before its time when it finds nothing new
            missing = sequences - figures["sequences"]
            if missing <= 0 or figures["failures"]:
                break
            found, text = _round(directory, url, key, "stateful", seed + more, 1, missing)
            figures, output = _sum(figures, found), output + text
        seconds = time.monotonic() - begun
        healthy = server.poll() is None and client.get("/readyz").status_code == 200 and _trains(client)
        return Outcome(seed, figures, output, seconds, (directory / "data.log").read_text(), healthy)


def _key(data_dir: Path) -> dict[str, str]:
    """Make a key that may do everything, and return its header: the first one made over HTTP would close the server."""
    command = [
        sys.executable,
        "-m",
        "service",
        "keys",
        "create",
        "--name",
        "fuzz",
        "--scope",
        "admin",
        "--data-dir",
        str(data_dir),
    ]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {"Authorization": f"Bearer {made.stdout.split()[-1]}"}


def _round(
    directory: Path, url: str, key: dict[str, str], phases: str, seed: int, examples: int, sequences: int, more: str = ""
) -> tuple[dict[str, Any], str]:
    """Run Schemathesis once; return the figures of its handler and what it printed."""
    config, summary = directory / "schemathesis.toml", directory / "summary.json"
    lists = {"accepted": ACCEPTED, "accepted_v2": [*ACCEPTED, "400"], "refused": REFUSED}
    config.write_text(CONFIG.format(seed=seed, examples=examples, sequences=sequences, **lists) + more)
    summary.unlink(missing_ok=True)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{url}/openapi.json"]
    command += [part for name, value in key.items() for part in ("-H", f"{name}: {value}")]
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "FUZZ_SUMMARY": str(summary), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--no-color", "--phases", phases], cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    assert summary.exists(), done.stdout + done.stderr
    return json.loads(summary.read_text()), done.stdout + done.stderr


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {
        "cases": dict(Counter(one["cases"]) + Counter(other["cases"])),
        "sequences": one["sequences"] + other["sequences"],
        "statuses": dict(Counter(one["statuses"]) + Counter(other["statuses"])),
        "slowest_seconds": max(one["slowest_seconds"], other["slowest_seconds"]),
        "failures": one["failures"] | other["failures"],
        "errors": one["errors"] + other["errors"],
    }


def _trains(client: httpx.Client) -> bool:
    """Return whether a worker is there that ends a run."""
    for run in client.get("/v1/runs", params={"status": "queued", "limit": 1000}).json()["data"]:
        client.post(f"/v1/runs/{run['id']}/cancel")
    body = {"dataset": {"kind": "xor"}, "model": {"kind": "softmax"}, "training": {"steps": 10}, "priority": 100}
    answer = client.post("/v1/runs", json=body, headers={"Prefer": "wait=1"})
    deadline = time.monotonic() + 60
    while answer.json()["status"] != "succeeded" and time.monotonic() < deadline:
        answer = client.get(f"/v1/runs/{answer.json()['id']}", headers={"Prefer": "wait=1"})
    return bool(answer.json()["status"] == "succeeded")


def main() -> None:
    """Run the campaign of `make fuzz`: CASES, SEQUENCES and SEED come from the environment."""
    seed = int(os.environ.get("SEED") or random.randrange(2**32))
    sys.stdout.write(f"seed {seed}\n")
    with tempfile.TemporaryDirectory() as directory:
        outcome = campaign(
            Path(directory),
            cases=int(os.environ.get("CASES") or 20_000),
            sequences=int(os.environ.get("SEQUENCES") or 1_000),
            seed=seed,
        )
    sys.stdout.write(outcome.table() + f"\nhealthy    {outcome.healthy}\n")
    found = outcome.figures
    sys.exit(bool(found["failures"] or found["errors"] or not outcome.healthy))


if __name__ == "__main__":
    main()
