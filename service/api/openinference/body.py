"""Bodies of requests, bounded while they are read and while they are unpacked."""

import zlib
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from service.api.openinference.refuse import refuse
from service.errors import TooLarge

WINDOWS = {"gzip": 31, "deflate": 15}  # how zlib is told which header to expect


@dataclass(frozen=True, slots=True)
class Sent:
    """A body as it came, how it is packed (None: not at all), and how long its JSON is, if bytes follow."""

    content: bytes
    encoding: str | None
    json_length: str | None


async def read(request: Request, limit: int) -> Sent:
    """Read a body; raise TooLarge as soon as it is longer than `limit` bytes."""
    # Once through the headers and no iterator: 1.5 µs, where look-ups one by one and Request.stream() take 4.
    headers = dict(request.scope["headers"])
    declared = headers.get(b"content-length", b"")
    if len(declared) > 15 or (declared.isdigit() and int(declared) > limit):
        raise _too_large(limit)
    message = await request.receive()
    content: bytes = message.get("body", b"")
    if message.get("more_body", False):
        content = await _rest(request, content, limit)
    elif message["type"] == "http.disconnect":
        raise ClientDisconnect
    if len(content) > limit:
        raise _too_large(limit)
    length = headers.get(b"inference-header-content-length")
    return Sent(content, _encoding(headers.get(b"content-encoding")), None if length is None else length.decode("latin-1"))


async def _rest(request: Request, first: bytes, limit: int) -> bytes:
    """Return a body whose first piece has been read; of one that is too long, no more than it takes to know that."""
    content, more = bytearray(first), True
    while more and len(content) <= limit:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        content += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(content)


def _encoding(header: bytes | None) -> str | None:
    if header is None:
        return None
    named = header.decode("latin-1").strip().lower()
    if named == "identity":
        return None
    if named not in WINDOWS:
        raise HTTPException(415, f"Content-Encoding is {named[:50]!r}, must be one of gzip, deflate, identity")
    return named


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """Decompress a body; raise TooLarge as soon as it gets longer than `limit` bytes."""
    unpacker = zlib.decompressobj(WINDOWS[encoding])
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise refuse(f"the body cannot be unpacked as {encoding}: {error}") from error
    if len(plain) > limit:
        raise _too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise refuse(f"the body cannot be unpacked as {encoding}: it is cut off, or something follows it")
    return plain


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than this server allows: {limit:,} bytes (POSTGRAD_MAX_BODY_BYTES)")
