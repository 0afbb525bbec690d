"""What happens to a run as JSON Lines, as `lines.schema.json` describes them."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from service.cli.codes import ExitCode

if TYPE_CHECKING:
    from service.client import Client

AT_ONCE = 1000


class JsonLines:
    """Writes a line for each metric and status event of a run, when it is told that the run has changed."""

    def __init__(self, client: "Client", run_id: str) -> None:
        self._client, self._run_id, self._last = client, run_id, 0

    def __call__(self, run: Mapping[str, Any]) -> None:
        """Write what has happened since the last time."""
        from service.client import APIConnectionError, ServerError  # noqa: PLC0415 (--help does not need it)

        try:
            for event in self._client.runs.events(self._run_id, after=self._last, limit=AT_ONCE):
                self._last = event["id"]
                _write(self._run_id, event)
        except (APIConnectionError, ServerError):
            if run["status"] not in ("queued", "running"):  # else the next change tells it too
                raise


def write_end(run: Mapping[str, Any], code: ExitCode) -> None:
    """Write the last line: how the run has ended, and the whole run."""
    _write_line({"type": "end", "run_id": run["id"], "status": run["status"], "exit_code": int(code), "run": run})


def _write(run_id: str, event: Mapping[str, Any]) -> None:
    data = dict(event["data"])
    about = {"run_id": run_id, "at": event["created_at"]}
    if event["kind"] == "metrics":
        _write_line({"type": "metric", **about, "step": data["to_step"], "points": data["points"], "values": data["last"]})
    elif event["kind"] == "state":
        _write_line({"type": "status", **about, "status": data.pop("status"), "details": data})


def _write_line(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()
