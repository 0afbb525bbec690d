"""Log lines: JSON for programs or text for people, one form for every logger of a process, on stderr.

Modules log with the standard library, and give fields with `extra=`; only this one knows structlog. What is bound around
the code (`request_id`, `run_id`, …) stands on every line that is written within, whoever writes it.
"""

import atexit
import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import Any, Literal, TextIO

_rich = sys.modules.get("rich")
if _rich is None:  # structlog loads rich if there is one, for tracebacks: 52 against 10 ms and 4.4 against 0.5 MiB a worker
    sys.modules["rich"] = None  # type: ignore[assignment]
try:
    import structlog
finally:
    if _rich is None:
        del sys.modules["rich"]

log = logging.getLogger(__name__)

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]
Line = structlog.typing.EventDict

FIELDS = ("method", "route", "status", "duration_ms", "client", "key_id")
"""What `extra=` may add to a line; what libraries add beside it is left out."""
_bound: ContextVar[Mapping[str, Any]] = ContextVar("bound", default=MappingProxyType({}))
"""One variable for all fields: 0.3 µs a request, where structlog's own, one for each field, take 6."""
LEAST = {"alembic": logging.WARNING, "asyncio": logging.WARNING}
"""Loggers that say too much, but at the level debug."""


def configure(level: Level, form: Format) -> None:
    """Write the log of this process to stderr: that of every library, warnings and uncaught errors included."""
    _find_out_no_more_than_is_told()
    debug = level == "debug"
    handler = _Stderr(sys.stderr)
    handler.setFormatter(_formatter(form, debug=debug))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name, least in LEAST.items():
        logging.getLogger(name).setLevel(logging.DEBUG if debug else least)
    logging.getLogger("uvicorn.error").addFilter(_not_told_before)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda thread: _uncaught(thread.exc_type, thread.exc_value)
    atexit.register(_flush)


class _Stderr(logging.StreamHandler[TextIO]):
    """A handler that drops a line nobody takes: a closed pipe, a full disk."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop what could not be written; another mistake is told as ever."""
        if isinstance(sys.exc_info()[1], OSError):
            _flush()
        else:
            super().handleError(record)


def _flush() -> None:
    """Empty the buffer of stderr. What stays in it keeps a worker from being started, and ends Python with exit code 120."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.flush()
    except OSError:
        number = sys.stderr.fileno()
        kept, nowhere = os.dup(number), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        sys.stderr.flush()
        os.dup2(kept, number)
        os.close(kept)
        os.close(nowhere)


def _find_out_no_more_than_is_told() -> None:
    """Spare threads, processes, tasks and places in the code, which no line names: 19 instead of 51 µs a line."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.logAsyncioTasks = False  # type: ignore[attr-defined] # since Python 3.12
    logging._srcfile = None  # noqa: SLF001 (documented in "Optimization" of the logging HOWTO)


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Put fields on every line that is written within."""
    before = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(before)


def begin(**fields: Any) -> None:
    """Put fields, and none that were bound before, on every line of this task from now on."""
    _bound.set(fields)


def _add_bound(logger: Any, name: str, line: Line) -> Line:  # noqa: ARG001 (the interface)
    for key, value in _bound.get().items():
        line.setdefault(key, value)
    return line


def _formatter(form: Format, *, debug: bool) -> logging.Formatter:
    terminal = sys.stderr is not None and sys.stderr.isatty()  # none: it was closed before the start
    text = form == "console" or (form == "auto" and terminal)
    renderer: Any = structlog.processors.JSONRenderer()
    if text:
        renderer = structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            _add_bound,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(allow=FIELDS),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _Errors(whole=debug), renderer],
    )


class _Errors:
    """Tell an error that is logged with its traceback.

    The message of an error may quote what a client sent, and that may be a secret: within a request it is told by type and
    place alone, unless the level is debug.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    def __call__(self, logger: Any, name: str, line: Line) -> Line:  # noqa: ARG002 (the interface)
        """Replace `exc_info` by `exception`."""
        error = (line.pop("exc_info", None) or (None, None))[1]
        if isinstance(error, BaseException):
            told = self._whole or "request_id" not in line
            line["exception"] = "".join(traceback.format_exception(error)).rstrip() if told else _places(error)
        return line


def _places(error: BaseException) -> str:
    """Describe an error, and those that it came from first, without their messages."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    kind = type(error)
    here = "".join(traceback.format_tb(error.__traceback__)) + f"{kind.__module__}.{kind.__qualname__}"
    return f"{_places(earlier)}\n\n{here}" if earlier else here


def _not_told_before(record: logging.LogRecord) -> bool:
    """Drop uvicorn's report of an exception: `service/api/errors.py` has told of it when it answered."""
    return not str(record.msg).startswith("Exception in ASGI application")


def _uncaught(_: type[BaseException], error: BaseException | None, __: TracebackType | None = None) -> None:
    """Let an error that nobody caught be a line of the log."""
    if isinstance(error, Exception):
        log.critical("uncaught error", exc_info=error)
