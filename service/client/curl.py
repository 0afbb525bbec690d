"""Calls as commands for a shell. The API key is the variable that it is read from, never its text."""

import json
from collections.abc import Sequence
from shlex import quote
from typing import Any

import httpx

from service.client.calls import Call, Upload

LONGEST_ARGUMENT = 100_000  # Linux takes 131,072 bytes
KEY_HEADER = '-H "Authorization: Bearer $POSTGRAD_API_KEY"'


def curl(base_url: str, call: Call[Any], *, key: bool, options: Sequence[str] = ()) -> str:
    """Return the command for a POSIX shell that makes a request; with `key` it sends that of POSTGRAD_API_KEY.

    An idempotency key is left out: whoever runs the command twice means it twice.
    """
    stream = call.accept == "text/event-stream"
    words = ["curl", "-sSN" if stream else "-sS", *options]
    has_body = call.upload is not None or call.body is not None
    if call.method != ("POST" if has_body else "GET"):
        words.append(f"-X {call.method}")
    parts = [" ".join([*words, _address(base_url, call)])]
    if key:
        parts.append(KEY_HEADER)
    if call.accept not in ("application/json", "*/*"):
        parts.append(f"-H 'Accept: {call.accept}'")
    if call.upload is not None:
        parts.extend(_form(call.upload))
    elif call.body is not None:
        parts.append("-H 'Content-Type: application/json'")
        text = json.dumps(call.body)
        if len(text) > LONGEST_ARGUMENT:
            parts.append(f"--data-binary @- <<'JSON'\n{text}\nJSON")
        else:
            parts.append(f"-d {quote(text)}")
    return " \\\n  ".join(parts)


def _address(base_url: str, call: Call[Any]) -> str:
    """Quote the address. One with a password is the variable POSTGRAD_URL, as the key is one."""
    path = httpx.Request(call.method, "http://server" + call.path, params=call.params).url.raw_path.decode("ascii")
    exact = "-g " if any(mark in base_url + path for mark in "[]{}") else ""  # they are patterns to curl
    if httpx.URL(base_url).userinfo:
        return exact + '"$POSTGRAD_URL"' + quote(path)
    return exact + quote(base_url + path)


def _form(upload: Upload) -> list[str]:
    path = upload.path
    if any(mark in path for mark in ';,"\\'):
        path = '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
    fields = [f"--form-string {quote(f'{name}={value}')}" for name, value in upload.fields.items()]
    return [f"-F {quote(f'file=@{path}')}", *fields]
