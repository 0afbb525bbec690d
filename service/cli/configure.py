"""Settings out of flags, variables and `.env`; and the sentence for what keeps a server from starting."""

import logging
import os
from typing import TYPE_CHECKING, Any, NoReturn

from service.cli.codes import ExitCode
from service.cli.talk import fail

if TYPE_CHECKING:
    from service.settings import Settings


def configure(**flags: Any) -> "Settings":
    """Return the settings: a flag that was given wins over a variable, that over `.env`, that over the default.

    What the process writes from now on, the database above all, is for its user alone.
    """
    from pydantic import ValidationError  # noqa: PLC0415 (--help does not need it)

    from service.settings import Settings  # noqa: PLC0415

    os.umask(0o077)
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        bad = [f"{item['loc'][0]} is {item['input']!r}: {item['msg']}" for item in error.errors()]
        first = str(error.errors()[0]["loc"][0])
        hint = f"it is set by --{first.replace('_', '-')} or POSTGRAD_{first.upper()}, in the environment or in .env"
        fail("; ".join(bad), ExitCode.USAGE, hint=hint)


def not_started(error: Exception) -> NoReturn:
    """End because of an error before anything was served."""
    from service.errors import NewerDatabase  # noqa: PLC0415

    logging.getLogger(__name__).debug("not started", exc_info=error)
    cause = getattr(error, "orig", error)  # a database error without SQLAlchemy's frame around it
    sentence = f"{cause.strerror}: {cause.filename}" if isinstance(cause, OSError) and cause.filename else str(cause)
    fail(sentence or type(cause).__name__, ExitCode.NEWER_DATABASE if isinstance(error, NewerDatabase) else ExitCode.ERROR)
