"""What can go wrong in the service, without a word of HTTP (`service/api/errors.py` has the table of status codes).

ServiceError
├── Unauthenticated   the server needs an API key, and what came is none
├── MissingScope      the API key may not do this
├── NotFound          there is no such run, dataset or checkpoint
├── Conflict          the resource is not in a state for this
│   ├── IllegalTransition   … and here is what can be done instead
│   └── InFlight      the first request with this idempotency key is still being done
├── Changed           the resource is no longer what the client has seen
├── InvalidInput      a value cannot be used; carries the path of each bad field
│   ├── KeyReused     the idempotency key belongs to another request
│   └── UploadError   an uploaded file cannot be used; carries row and column where they are known
├── TooLarge          a limit of this server is exceeded
├── SlowBody          the body of the request comes too slowly
├── QueueFull         too many runs wait already
├── TooManyStreams    too many clients follow runs already
├── TooManyRequests   too many requests came in a minute
├── Busy              the database is busy or unreachable: try again
│   ├── DiskFull      the disk has no room, or less than is kept free
│   └── Damaged       the database file is damaged: trying again does not help
├── NewerDatabase     the database was made by a newer version of this program
├── NoKey             the server needs an API key, and there is none that anybody could send
└── DataDirectoryInUse   another server uses the data directory
"""

from dataclasses import dataclass


class ServiceError(Exception):
    """Base of all errors of the service. `code` is stable and documented in docs/api.md."""

    code = "error"


class Unauthenticated(ServiceError):
    """The server needs an API key, and what came is none, or none any more."""

    code = "unauthenticated"


class MissingScope(ServiceError):
    """The API key may not do this; the message names the scope that may."""

    code = "missing_scope"


class NotFound(ServiceError):
    """There is no such resource."""

    code = "not_found"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is no {kind} {name!r}")


class Conflict(ServiceError):
    """The resource is not in a state that allows this."""

    code = "conflict"


class IllegalTransition(Conflict):
    """An action is not possible in the run's present status; `allowed` lists those that are."""

    code = "illegal_transition"

    def __init__(self, action: str, status: str, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(f"cannot {action} a run that is {status}; possible now: {', '.join(allowed) or 'nothing'}")


class InFlight(Conflict):
    """The first request with an idempotency key is still being done; in a moment its answer is there."""

    code = "in_flight"

    def __init__(self, key: str) -> None:
        super().__init__(f"the first request with Idempotency-Key {key!r} is still being done: try again")


class Changed(ServiceError):
    """The resource is no longer what the client has seen: its If-Match names another version."""

    code = "precondition_failed"


@dataclass(frozen=True)
class FieldProblem:
    """One bad field: its path in the request, what was expected and came instead, and if there are few, all that may come."""

    path: tuple[str | int, ...]
    detail: str
    allowed: tuple[str, ...] | None = None


class InvalidInput(ServiceError):
    """One or more values of a request cannot be used."""

    code = "invalid_input"

    def __init__(self, *problems: FieldProblem) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.detail for problem in problems))


class KeyReused(InvalidInput):
    """An idempotency key came before with another request."""

    code = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        detail = f"header.idempotency-key is {key!r}, which came before with another request: a new request needs a new key"
        super().__init__(FieldProblem(("header", "idempotency-key"), detail))


class UploadError(InvalidInput):
    """An uploaded file cannot be used. Rows count from 1, the header line of a CSV included."""

    code = "invalid_upload"

    def __init__(self, detail: str, *, field: str = "file", row: int | None = None, column: str | None = None) -> None:
        self.row = row
        self.column = column
        place = ", ".join(([f"row {row}"] if row is not None else []) + ([f"column {column!r}"] if column is not None else []))
        super().__init__(FieldProblem((field,), f"{place}: {detail}" if place else detail))


class TooLarge(ServiceError):
    """A limit of this server is exceeded; the message names the limit and its setting."""

    code = "too_large"


class SlowBody(ServiceError):
    """The body of a request comes too slowly; the message names the rate and its settings."""

    code = "request_timeout"


class QueueFull(ServiceError):
    """Too many runs wait already; there is room when some have been trained."""

    code = "queue_full"


class TooManyStreams(ServiceError):
    """Too many clients follow runs already; there is room when some have gone."""

    code = "too_many_streams"


class TooManyRequests(ServiceError):
    """Too many requests came in a minute; there is room for the next one in `seconds`."""

    code = "too_many_requests"

    def __init__(self, detail: str, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(detail)


class Busy(ServiceError):
    """The database is busy or cannot be reached; the same request may succeed later."""

    code = "busy"


class DiskFull(Busy):
    """The disk of the database has no room, or less than this server keeps free."""

    code = "disk_full"


class Damaged(Busy):
    """The database file is damaged; what does not touch the damage still works."""

    code = "database_damaged"


class NewerDatabase(ServiceError):
    """The database was made by a newer version of this program."""

    code = "newer_database"


class NoKey(ServiceError):
    """The server needs an API key, and there is none that anybody could send."""

    code = "no_key"


class DataDirectoryInUse(ServiceError):
    """Another server uses the data directory."""

    code = "data_directory_in_use"
