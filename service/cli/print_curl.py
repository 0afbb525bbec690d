"""A client that sends nothing: it writes the command that would."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from service.cli.codes import ExitCode
from service.client import Client
from service.client.calls import Call
from service.client.curl import curl
from service.client.flows import Outcome, Reply

UPLOADED = "ds_" + "0" * 26
"""Stands for the id that the server would give; the command has a variable of the shell in its place."""


class PrintingClient(Client):
    """Writes the first request as a curl command and ends the program; of requests to delete, each.

    With `then_more` an upload is the first of two: its answer is kept in a variable, which the next command uses.
    """

    def __init__(self, url: str | None, options: Sequence[str] = (), *, then_more: bool = False) -> None:
        super().__init__(url)
        self._options, self._then_more = options, then_more

    def _send(self, call: Call[Any]) -> Outcome:
        key = bool(os.environ.get("POSTGRAD_API_KEY", "").strip())
        text = curl(self.base_url, call, key=key, options=self._options)
        if call.upload is not None and self._then_more:
            sys.stdout.write(f"DATA=$({text} | grep -o 'ds_[0-9a-z]*' | head -1)\n")
            return Reply(201, {}, json.dumps({"id": UPLOADED}).encode())
        sys.stdout.write(text.replace(UPLOADED, "'\"$DATA\"'") + "\n")
        if call.method == "DELETE":
            return Reply(204, {}, b"")
        raise typer.Exit(ExitCode.OK)
