"""Completion of the ids of runs: the newest of them, asked from the server. It takes a moment at most, and never complains.

The shells ask a new process at each press of the key, so nothing heavy is loaded: not even the client.
"""

import json
import os
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import typer

BUDGET_SECONDS = 0.3
COUNT = 100
DEFAULT_URL = "http://127.0.0.1:8000"


def run_ids(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return ids of runs that begin as what was typed, each with what it is; none if the server does not answer in time."""
    url = str(ctx.params.get("url") or os.environ.get("POSTGRAD_URL") or DEFAULT_URL)
    found: list[tuple[str, str]] = []
    asking = threading.Thread(target=_ask, args=(url, found), daemon=True)  # a daemon does not keep the process alive
    asking.start()
    asking.join(BUDGET_SECONDS)
    return [(run_id, about) for run_id, about in found if run_id.startswith(incomplete)]


def _ask(url: str, found: list[tuple[str, str]]) -> None:
    with suppress(Exception):  # whatever it is, a shell that completes has no place for it
        found.extend((run["id"], _about(run)) for run in _newest(url))


def _newest(url: str) -> list[dict[str, Any]]:
    from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 (only here)

    parts = urlsplit(url)
    kind = {"http": HTTPConnection, "https": HTTPSConnection}[parts.scheme]
    connection = kind(str(parts.hostname), parts.port, timeout=BUDGET_SECONDS)
    key = os.environ.get("POSTGRAD_API_KEY", "").strip()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    connection.request("GET", f"{parts.path.rstrip('/')}/v1/runs?limit={COUNT}", headers=headers)
    data: list[dict[str, Any]] = json.load(connection.getresponse())["data"]
    return data


def _about(run: dict[str, Any]) -> str:
    return f"{run['status']}, {run['name'] or run['model']['kind']}"
