"""What all routes of the protocol have in common: prefix, answers, errors."""

import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from core.errors import CoreError
from service.api.errors import RETRYABLE, STATUS
from service.api.invalid import field_error
from service.errors import NotFound, ServiceError
from service.memory import release_frames

log = logging.getLogger(__name__)

PREFIX = "/api/2.0/mlflow"
FILES = f"{PREFIX}-artifacts/artifacts"
EXPERIMENT_ID = "0"
EXPERIMENT_NAME = "postgrad"

CODES: dict[int, tuple[int, str]] = {  # ours → theirs
    400: (400, "INVALID_PARAMETER_VALUE"),
    401: (401, "UNAUTHENTICATED"),
    403: (403, "PERMISSION_DENIED"),
    404: (404, "RESOURCE_DOES_NOT_EXIST"),
    409: (409, "INVALID_STATE"),
    421: (421, "BAD_REQUEST"),
    422: (400, "INVALID_PARAMETER_VALUE"),
    429: (429, "REQUEST_LIMIT_EXCEEDED"),
    500: (500, "INTERNAL_ERROR"),
    501: (501, "NOT_IMPLEMENTED"),
    503: (503, "TEMPORARILY_UNAVAILABLE"),
}


def reply(content: dict[str, Any]) -> Response:
    """Answer with a message of the protocol."""
    return Response(json.dumps(content, allow_nan=False), media_type="application/json")


def failure(status: int, message: str, code: str | None = None) -> Response:
    """Answer with an error of the protocol. A client tries 429 and 503 again."""
    theirs, known = CODES.get(status, (status, "INVALID_PARAMETER_VALUE"))
    headers = {"Retry-After": "1"} if theirs in RETRYABLE else None
    content = json.dumps({"error_code": code or known, "message": message})
    return Response(content, theirs, headers, media_type="application/json")


class Route(APIRoute):
    """A route whose errors have the shape of the protocol."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with our errors translated."""
        plain = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await plain(request)
            except Exception as error:  # noqa: BLE001 (the last one who can answer)
                answer = _answer(request, error)
                release_frames(error)
                return answer

        return handler


def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, ServiceError | CoreError):
        return failure(next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), str(error))
    if isinstance(error, RequestValidationError):
        return failure(422, "; ".join(_detail(item, error.body) for item in error.errors()[:3]))
    if isinstance(error, HTTPException):
        return failure(error.status_code, str(error.detail))
    log.error("request %s failed", request.scope.get("request_id"), exc_info=error)
    return failure(500, "the server made a mistake; the request id finds it in the log")


def _detail(item: Any, body: Any) -> str:
    if item["type"] == "json_invalid":
        return f"the body is not JSON: {item['ctx']['error']} at character {item['loc'][-1]}"
    return str(field_error(item, body)["detail"])


def make_router(prefix: str) -> APIRouter:
    """Make a router of the protocol."""
    return APIRouter(prefix=prefix, route_class=Route, include_in_schema=False)


def must_be_ours(experiment_id: str) -> None:
    """Raise NotFound for an experiment that is not the one that there is."""
    if experiment_id != EXPERIMENT_ID:
        raise NotFound("experiment", experiment_id)
