"""How a command ends."""

from enum import IntEnum

EXIT_CODES = """\
**Exit codes**

- 0: fine
- 1: error
- 2: a flag, a value or a file cannot be used
- 3: the run failed; of serve and db: the database is of a newer version
- 5: not found
- 6: the run was cancelled
- 7: the server cannot be reached
- 130: Ctrl-C
"""


class ExitCode(IntEnum):
    """The exit codes of every command; `postgrad --help` lists them."""

    OK = 0
    ERROR = 1
    USAGE = 2
    RUN_FAILED = 3
    NEWER_DATABASE = 3
    NOT_FOUND = 5
    RUN_CANCELLED = 6
    UNREACHABLE = 7
    INTERRUPTED = 130


OF_STATUS = {"failed": ExitCode.RUN_FAILED, "cancelled": ExitCode.RUN_CANCELLED}
"""For the status of a run that has been watched to its end; anything else is OK."""
