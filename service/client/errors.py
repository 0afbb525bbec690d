"""What can go wrong between a program and the server.

APIError
├── APIConnectionError      the server could not be reached, or the connection broke
│   └── APITimeoutError     the server did not answer in time
└── APIStatusError          the server answered with an error
    ├── InvalidRequestError   400, 415, 422: a value, or the request as a whole, cannot be used
    ├── AuthenticationError   401: the server needs an API key, and got none that it knows
    ├── ForbiddenError        403
    ├── NotFoundError         404
    ├── ConflictError         409: not in the state that it is in; `problem["allowed"]` may say what can be done
    ├── TooLargeError         413
    ├── RateLimitError        429: too much at once; try again later
    └── ServerError           5xx
"""

import json
from collections.abc import Mapping
from typing import Any


class APIError(Exception):
    """Base of all errors of the client."""


class APIConnectionError(APIError):
    """The server could not be reached, or the connection broke before the whole answer had come."""

    def __init__(self, message: str, *, sent: bool) -> None:
        self.sent = sent
        """Whether the server may have received the request; false if no connection was made."""
        super().__init__(message)


class APITimeoutError(APIConnectionError):
    """The server did not answer in time."""


class APIStatusError(APIError):
    """The server answered with an error; the message is the problem's detail and each bad field."""

    def __init__(self, status: int, problem: dict[str, Any], request_id: str | None) -> None:
        self.status = status
        self.problem = problem
        """The problem document (RFC 9457); empty if something else answered, such as a proxy."""
        self.request_id = request_id
        self.code: str | None = problem.get("code")
        super().__init__(_message(status, problem))


class InvalidRequestError(APIStatusError):
    """A value, or the request as a whole, cannot be used."""


class AuthenticationError(APIStatusError):
    """The server needs an API key, and got none that it knows."""


class ForbiddenError(APIStatusError):
    """The API key may not do this; the message names the scope that may."""


class NotFoundError(APIStatusError):
    """There is no such resource."""


class ConflictError(APIStatusError):
    """The resource is not in a state that allows this."""


class TooLargeError(APIStatusError):
    """A limit of the server is exceeded."""


class RateLimitError(APIStatusError):
    """Too much at once; the same request may succeed later."""


class ServerError(APIStatusError):
    """The server made a mistake, or cannot do it now."""


KINDS: dict[int, type[APIStatusError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def status_error(status: int, headers: Mapping[str, str], content: bytes) -> APIStatusError:
    """Make the error that a response stands for."""
    kind = KINDS.get(status, ServerError if status >= 500 else APIStatusError)
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    return kind(status, problem, problem.get("request_id") or headers.get("x-request-id"))


def _message(status: int, problem: dict[str, Any]) -> str:
    detail = str(problem.get("detail") or problem.get("title") or f"the server answered with status {status}")
    fields = [str(item.get("detail")) for item in problem.get("errors") or [] if isinstance(item, dict)]
    return "; ".join([detail, *(field for field in fields if field not in detail)])
