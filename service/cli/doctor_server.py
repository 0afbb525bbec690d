"""What the doctor looks at over HTTP: whether a server is there, fit for work, and of this version."""

import re
from importlib.metadata import version
from typing import Any

from service.cli.codes import ExitCode
from service.cli.doctor_checks import Part, Problem
from service.cli.talk import verdict

ALIVE = re.compile(r"^postgrad_workers_alive (\S+)", re.MULTILINE)
PATIENCE_SECONDS = 5.0


def server_part(url: str | None) -> Part:
    """Ask the server that the commands would talk with."""
    from service.client import APIError, Client  # noqa: PLC0415 (--help does not need it)

    facts: dict[str, Any] = {"address": url or "default"}
    problems: list[Problem] = []
    try:
        with Client(url, timeout=PATIENCE_SECONDS, max_retries=0) as client:
            facts["address"] = client.base_url.rpartition("@")[2]
            facts["ready"] = client.ready()
            if not facts["ready"]:
                problems.append(Problem("the server is not fit for work", "GET /readyz names what is not; see its log too"))
            info = client.info()
            facts |= {name: info[name] for name in ("version", "executor", "workers", "queued", "running")}
            if found := ALIVE.search(client.metrics()):
                facts["workers_alive"] = int(float(found[1]))
    except APIError as error:
        code, hint = verdict(error)
        problems.append(Problem(str(error), hint or "see the log of the server", code))
    return Part("server", facts, [*problems, *_of(facts)])


def _of(facts: dict[str, Any]) -> list[Problem]:
    problems = []
    ours, theirs = version("postgrad"), facts.get("version")
    if theirs not in (None, ours):
        message = f"the server is version {theirs}, this command {ours}"
        problems.append(Problem(message, "use the same version for both", ExitCode.ERROR))
    if facts.get("workers_alive", 0) < facts.get("workers", 0) and "workers_alive" in facts:
        message = f"{facts['workers_alive']} of {facts['workers']} workers live"
        problems.append(Problem(message, "they are started again by themselves; if not, the log says why"))
    return problems
