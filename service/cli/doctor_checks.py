"""What the doctor looks at on this machine: programs and the database."""

import os
import platform
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.cli.codes import ExitCode

MIB = 1024 * 1024
OTHERS, OTHERS_ENTER = 0o077, 0o011

if TYPE_CHECKING:
    from service.settings import Settings

EXAMINE_SECONDS = 60.0
RESTORE = "restore a backup, or save what can be read: sqlite3 FILE .recover; docs/operations.md"


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
    from service.store.examine import examine  # noqa: PLC0415 (SQLAlchemy, which --help does not need)
    from service.store.migrate import look  # noqa: PLC0415

    directory = settings.data_dir.absolute()
    facts: dict[str, Any] = {"directory": str(directory)}
    problems = [*_of_directory(directory, settings.min_free_bytes, facts), *_of_modes(settings)]
    try:
        found, wrong = look(settings.url), examine(settings.url, EXAMINE_SECONDS)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what the doctor is for)
        cause = getattr(error, "orig", error)
        hint = "look at the file and its permissions; restore a backup if it is broken: docs/operations.md"
        return Part("database", facts, [*problems, Problem(f"the database cannot be read: {cause}", hint)])
    facts["revision"] = found.present or "none yet: `postgrad serve` makes the tables"
    facts["newest_revision"] = found.newest
    facts["file"] = "sound" if wrong == [] else "damaged" if wrong else f"not examined within {EXAMINE_SECONDS:g} s"
    if wrong:
        problems.append(Problem(f"the database is damaged: {'; '.join(wrong)[:1000]}", RESTORE))
    if not found.known:
        hint = "install that version, or point POSTGRAD_DATA_DIR at another directory"
        message = f"the database is at revision {found.present}, made by a newer version of postgrad"
        problems.append(Problem(message, hint, ExitCode.NEWER_DATABASE))
    elif found.present not in (None, found.newest):
        facts["revision"] = f"{found.present}: `postgrad serve` or `postgrad db upgrade` brings it to {found.newest}"
    return Part("database", facts, problems)


def _of_modes(settings: "Settings") -> list[Problem]:
    """Find files of the server that other users of the machine can open: an older version made such."""
    from service.store.files import file_of  # noqa: PLC0415 (--help does not need it)

    database = file_of(settings.url)
    folders = {settings.data_dir.resolve(): "*", database.parent: f"{database.name}*"}
    found = [
        str(path)
        for folder, names in folders.items()
        if folder.is_dir() and folder.stat().st_mode & OTHERS_ENTER
        for path in sorted(folder.glob(names))
        if path.is_file() and path.stat().st_mode & OTHERS
    ]
    if not found:
        return []
    open_ones = list(dict.fromkeys(found))  # both folders may be the same
    return [Problem(f"other users of this machine can read {', '.join(open_ones)}", f"chmod go= {' '.join(open_ones)}")]


def _of_directory(directory: Path, min_free_bytes: int | None, facts: dict[str, Any]) -> list[Problem]:
    from service.store.room import floor_of  # noqa: PLC0415 (SQLAlchemy)

    there = next(path for path in (directory, *directory.parents) if path.exists())
    disk = shutil.disk_usage(there)
    free, floor = disk.free, floor_of(disk.total, min_free_bytes)
    facts["free_bytes"] = free
    problems = []
    if not there.is_dir():
        problems.append(Problem(f"{there} is not a directory", "choose another one with POSTGRAD_DATA_DIR"))
    elif not os.access(there, os.W_OK | os.X_OK):
        problems.append(Problem(f"{there} cannot be written to", "change its owner, or choose another: POSTGRAD_DATA_DIR"))
    if free < floor:
        message = f"only {free // MIB:,} MiB are free on the disk of {there}, a server keeps {floor // MIB:,}"
        problems.append(Problem(f"{message} (POSTGRAD_MIN_FREE_BYTES)", "make room on the disk, or move the data directory"))
    return problems
