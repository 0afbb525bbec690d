"""What the doctor looks at first: each setting, and where it comes from."""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from service.cli.codes import ExitCode
from service.cli.doctor_checks import Part, Problem

if TYPE_CHECKING:
    from service.settings import Settings

PREFIX = "POSTGRAD_"
OF_CLIENTS = {"url": "http://127.0.0.1:8000", "api_key": None}
"""What the client and the commands read, with the defaults; these are not read from `.env`."""


def settings_part(settings: "Settings", flags: set[str]) -> Part:
    """Tell the settings of a server that would be started here, and what the commands send requests with."""
    files = _from_file(settings)
    variables = {name.lower(): value for name, value in os.environ.items()}
    facts: dict[str, Any] = {}
    for name in type(settings).model_fields:
        key = f"{PREFIX}{name}".lower()
        source = "flag" if name in flags else "variable" if key in variables else ".env" if key in files else "default"
        facts[key.upper()] = {"value": _plain(name, getattr(settings, name)), "source": source}
    for name, default in OF_CLIENTS.items():
        given = os.environ.get(f"{PREFIX}{name.upper()}")
        value = _plain(name, given) if given else default
        facts[f"{PREFIX}{name.upper()}"] = {"value": value, "source": "variable" if given else "default"}
    problems = [_unknown(name, "the environment", facts) for name in _ours(variables) if name not in facts]
    for name in _ours(files):
        if name.removeprefix(PREFIX).lower() in OF_CLIENTS:
            message = f"{name} in .env has no effect: only servers read that file"
            problems.append(Problem(message, "set it in the environment", ExitCode.USAGE))
        elif name not in facts:
            problems.append(_unknown(name, ".env", facts))
    return Part("settings", facts, problems)


def _ours(names: Iterable[str]) -> list[str]:
    return sorted(name.upper() for name in names if name.startswith(PREFIX.lower()))


def _unknown(name: str, place: str, facts: Iterable[str]) -> Problem:
    near = get_close_matches(name, list(facts), 1)
    hint = f"did you mean {near[0]}?" if near else "docs/operations.md lists the settings"
    return Problem(f"{name} in {place} is no setting", hint, ExitCode.USAGE)


def _from_file(settings: "Settings") -> dict[str, str | None]:
    from pydantic_settings import DotEnvSettingsSource  # noqa: PLC0415 (--help does not need it)

    return dict(DotEnvSettingsSource(type(settings)).env_vars)


def _plain(name: str, value: Any) -> Any:
    """Return a value as JSON; of a secret only that it is set, of an address no password."""
    if name == "api_key":
        return "set, not shown"
    if isinstance(value, Path):
        return str(value)
    if name in ("url", "database_url") and value and (password := urlsplit(value).password):
        return value.replace(f":{password}@", ":…@")
    return value
