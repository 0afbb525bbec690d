"""What the doctor looks at on this machine: programs and the database."""

import os
import platform
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.cli.codes import ExitCode

if TYPE_CHECKING:
    from service.settings import Settings

LITTLE_SPACE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Problem:
    """What is wrong, what to do about it, and the exit code that says it."""

    message: str
    hint: str
    code: ExitCode = ExitCode.ERROR


@dataclass(frozen=True)
class Part:
    """What was found about one thing. A fact is plain JSON; of a setting, `value` and `source`."""

    name: str
    facts: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)


def programs_part() -> Part:
    """Tell the versions, and which BLAS multiplies with how many threads."""
    from service.runs.environment import fingerprint  # noqa: PLC0415 (NumPy, which --help does not need)
    from service.store.unit import Database  # noqa: PLC0415 (SQLAlchemy)

    return Part("versions", {**fingerprint(), "sqlite": Database.version(), "system": platform.platform()})


def database_part(settings: "Settings") -> Part:
    """Tell where the database is and stands; it is neither made nor migrated."""
    from service.store.migrate import look  # noqa: PLC0415 (SQLAlchemy, which --help does not need)

    directory = settings.data_dir.absolute()
    facts: dict[str, Any] = {"directory": str(directory)}
    problems = _of_directory(directory, facts)
    try:
        found = look(settings.url)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what the doctor is for)
        cause = getattr(error, "orig", error)
        hint = "look at the file and its permissions; restore a backup if it is broken: docs/operations.md"
        return Part("database", facts, [*problems, Problem(f"the database cannot be read: {cause}", hint)])
    facts["revision"] = found.present or "none yet: `postgrad serve` makes the tables"
    facts["newest_revision"] = found.newest
    if not found.known:
        hint = "install that version, or point POSTGRAD_DATA_DIR at another directory"
        message = f"the database is at revision {found.present}, made by a newer version of postgrad"
        problems.append(Problem(message, hint, ExitCode.NEWER_DATABASE))
    elif found.present not in (None, found.newest):
        facts["revision"] = f"{found.present}: `postgrad serve` or `postgrad db upgrade` brings it to {found.newest}"
    return Part("database", facts, problems)


def _of_directory(directory: Path, facts: dict[str, Any]) -> list[Problem]:
    there = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(there).free
    facts["free_bytes"] = free
    problems = []
    if not there.is_dir():
        problems.append(Problem(f"{there} is not a directory", "choose another one with POSTGRAD_DATA_DIR"))
    elif not os.access(there, os.W_OK | os.X_OK):
        problems.append(Problem(f"{there} cannot be written to", "change its owner, or choose another: POSTGRAD_DATA_DIR"))
    if free < LITTLE_SPACE_BYTES:
        message = f"only {free // 1024 // 1024:,} MiB are free on the disk of {there}"
        problems.append(Problem(message, "delete runs that nobody needs, or move the data directory"))
    return problems
