"""Every error as a problem document (RFC 9457); the one table from error to status."""

import logging
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope

from core.errors import CoreError, SpecError
from core.fields import show
from service import errors
from service.api.headers import allow, secure
from service.api.invalid import field_error, told
from service.errors import ServiceError
from service.memory import release_frames
from service.settings import Settings

log = logging.getLogger(__name__)

STATUS: dict[type[Exception], int] = {
    errors.Unauthenticated: 401,
    errors.MissingScope: 403,
    errors.NotFound: 404,
    errors.SlowBody: 408,
    errors.IllegalTransition: 409,
    errors.InFlight: 409,
    errors.Conflict: 409,
    errors.Changed: 412,
    errors.UploadError: 422,
    errors.KeyReused: 422,
    errors.InvalidInput: 422,
    errors.TooLarge: 413,
    errors.QueueFull: 429,
    errors.TooManyStreams: 429,
    errors.TooManyRequests: 429,
    errors.DiskFull: 503,
    errors.Damaged: 503,
    errors.Busy: 503,
    SpecError: 422,
    CoreError: 422,
}

TITLES = {
    400: "Malformed request",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request timeout",
    409: "Conflict",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    421: "Misdirected request",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    503: "Temporarily unavailable",
}
CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    421: "unknown_host",
    422: "invalid_input",
    500: "internal_error",
}
Handler = Callable[[Request, Exception], Coroutine[Any, Any, JSONResponse]]
LONGEST = 200  # characters of a path or a method that an error says again
RETRYABLE = (429, 503)
RETRYABLE_CODES = (errors.InFlight.code,)
LASTING_CODES = (errors.Damaged.code,)
UNREADABLE: dict[type[Exception], str] = {
    RecursionError: "it is nested too deeply",
    UnicodeDecodeError: "it is not UTF-8",
    ValueError: "a number in it has too many digits",
}


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem document."""
    app.add_exception_handler(ServiceError, _releasing(_service_error))
    app.add_exception_handler(CoreError, _releasing(_service_error))
    app.add_exception_handler(RequestValidationError, _releasing(_validation_error))
    app.add_exception_handler(HTTPException, _releasing(_http_error))
    app.add_exception_handler(Exception, _internal_error)


def _releasing(handler: Handler) -> Handler:
    async def handle(request: Request, error: Exception) -> JSONResponse:
        answer = await handler(request, error)
        release_frames(error)
        return answer

    return handle


def problem(
    request: Request, status: int, detail: str, code: str | None = None, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Answer with a problem document."""
    body = document(request.scope, status, detail, code, **more)
    if body["retryable"]:
        headers = {"Retry-After": "1", **(headers or {})}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def document(scope: Scope, status: int, detail: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    """Make a problem document; members that are None are left out."""
    code = code or CODES.get(status, "error")
    return {
        "type": f"/problems/{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "instance": scope["path"][:LONGEST],
        "code": code,
        "request_id": scope.get("request_id", ""),
        "retryable": (status in RETRYABLE and code not in LASTING_CODES) or code in RETRYABLE_CODES,
        **{name: value for name, value in more.items() if value is not None},
    }


def status_of(error: Exception) -> int:
    """Return the status of an error of the service or of the core."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


async def _service_error(request: Request, error: Exception) -> JSONResponse:
    status = status_of(error)
    code = error.code if isinstance(error, ServiceError) else "invalid_input"
    more: dict[str, Any] = {}
    if isinstance(error, errors.IllegalTransition):
        more["allowed"] = list(error.allowed)
    if isinstance(error, errors.InvalidInput):
        more["errors"] = [told(bad.path, bad.detail, bad.allowed) for bad in error.problems]
    if isinstance(error, errors.UploadError):
        more |= {"row": error.row, "column": error.column}
    if isinstance(error, SpecError):
        more["errors"] = [told(error.path, str(error), error.allowed)]
    return problem(request, status, str(error), code, **more)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (the handler's registration says so)
    found = error.errors()
    if request.scope["route"].path != request.url.path in request.app.openapi()["paths"]:
        # No id is wrong: /v1/runs/validate has no such method, and was taken for a run.
        return await _http_error(request, HTTPException(405))
    if found[0]["type"] == "json_invalid":
        where = found[0]["loc"][-1]
        return problem(request, 400, f"the body is not JSON: {found[0]['ctx']['error']} at character {where}")
    if isinstance(error.body, bytes):
        sent = request.headers.get("content-type", "no Content-Type")
        return problem(request, 415, f"the body came as {show(sent)[1:-1]}, send JSON with -H 'Content-Type: application/json'")
    taken = request.scope["route"].body_field
    bad = [field_error(item, error.body, taken and taken.field_info.annotation) for item in found[:50]]
    return problem(request, 422, "; ".join(item["detail"] for item in bad[:3]), errors=bad)


def body_too_large(settings: Settings) -> str:
    """Name the limits on bodies and their settings."""
    return (
        f"the body is larger than this server allows: {settings.max_body_bytes:,} bytes of JSON (POSTGRAD_MAX_BODY_BYTES), "
        f"{settings.max_small_body_bytes:,} where no data belong (POSTGRAD_MAX_SMALL_BODY_BYTES), "
        f"{settings.max_upload_bytes:,} bytes of upload (POSTGRAD_MAX_UPLOAD_BYTES)"
    )


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    detail = str(error.detail)
    if error.status_code == 404:
        detail = f"there is no route {request.url.path[:LONGEST]}"
    if error.status_code == 400:
        why = next((text for kind, text in UNREADABLE.items() if isinstance(error.__cause__, kind)), None)
        detail = f"the body cannot be read as JSON: {why}" if why else detail
    headers = dict(error.headers or {})
    if error.status_code == 405:
        detail = f"{request.method[:LONGEST]} is not allowed on {request.url.path[:LONGEST]}"
        headers["Allow"] = allow(_allowed(request) or headers.get("Allow", "").split(", "))
    if error.status_code == 413:
        detail = body_too_large(request.app.state.parts.settings)
    return problem(request, error.status_code, detail, headers=headers)


def _allowed(request: Request) -> list[str]:
    """Return all methods of a path; Starlette names only those of its first route."""
    paths = request.app.openapi()["paths"]
    if request.url.path in paths:
        return list(paths[request.url.path])
    here = [methods for path, methods in paths.items() if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), request.url.path)]
    return [method for methods in here for method in methods]


async def _internal_error(request: Request, error: Exception) -> JSONResponse:
    log.error("request %s failed", request.scope.get("request_id"), exc_info=error)
    answer = problem(request, 500, "the server made a mistake; the request id finds it in the log")
    answer.headers["X-Request-ID"] = request.scope.get("request_id", "")  # this answer does not pass the middleware
    secure(answer.raw_headers)
    return answer
