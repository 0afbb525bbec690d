"""The head of a request, as strict as no parser is; and answers of the connection itself."""

import json

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from service.api.errors import document
from service.api.headers import SECURITY
from service.domain import new_id

MAX_HEADER_BYTES = 65536
Headers = list[tuple[bytes, bytes]]


def check(parser: httptools.HttpRequestParser, url: bytes, headers: Headers) -> None:
    """Raise ValueError for what the parser lets through."""
    names = [name for name, _ in headers]
    hosts, version = names.count(b"host"), parser.get_http_version()
    if hosts > 1 or version not in ("1.0", "1.1") or (version == "1.1" and not hosts):
        raise ValueError(names)
    if not url.startswith(b"/") or b"#" in url:
        raise ValueError(url)
    if [value.lower() for name, value in headers if name == b"transfer-encoding"] not in ([], [b"chunked"]):
        raise ValueError(names)
    if len(url) + sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        raise ValueError(MAX_HEADER_BYTES)


def answer(status: int, detail: str, code: str | None = None) -> bytes:
    """Write a problem document, as everything else is answered with, and the end of the connection."""
    request_id = new_id("req")
    said = document({"path": "", "request_id": request_id}, status, detail, code)
    body = json.dumps(said).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
        (b"connection", b"close"),
        *([(b"retry-after", b"1")] if said["retryable"] else []),
        *SECURITY,
    ]
    return b"".join([STATUS_LINE[status], *(b"%s: %s\r\n" % header for header in headers), b"\r\n", body])
