"""How a command ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command; `postgrad help exit-codes` and docs/cli.md list them."""

    OK = 0
    ERROR = 1
    USAGE = 2
    RUN_FAILED = 3
    NEWER_DATABASE = 3
    NOT_ALLOWED = 4
    NOT_FOUND = 5
    RUN_CANCELLED = 6
    UNREACHABLE = 7
    TIMED_OUT = 124
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "fine; of a followed run: it succeeded or is paused",
    ExitCode.ERROR: "error: the server refused, or something else went wrong",
    ExitCode.USAGE: "a flag, a value or a file cannot be used",
    ExitCode.RUN_FAILED: "the run failed; of serve, db and doctor: the database is of a newer version",
    ExitCode.NOT_ALLOWED: "the server needs an API key, or one with another scope",
    ExitCode.NOT_FOUND: "there is no such run, dataset, checkpoint, model or key",
    ExitCode.RUN_CANCELLED: "the run was cancelled",
    ExitCode.UNREACHABLE: "the server cannot be reached",
    ExitCode.TIMED_OUT: "the run had not ended within --timeout; it goes on",
    ExitCode.INTERRUPTED: "Ctrl-C; a followed run goes on",
}
EXIT_CODES = "\n".join(["**Exit codes**", "", *(f"- {code:d}: {meaning}" for code, meaning in MEANINGS.items())])

OF_STATUS = {"failed": ExitCode.RUN_FAILED, "cancelled": ExitCode.RUN_CANCELLED}
"""For the status of a run that has been watched to its end; anything else is OK."""
