"""Bodies of requests, bounded while they are read and while they are unpacked."""

import zlib

from starlette.exceptions import HTTPException
from starlette.requests import Request

from service.api.openinference.refuse import refuse
from service.errors import TooLarge

WINDOWS = {"gzip": 31, "deflate": 15}  # how zlib is told which header to expect


async def read(request: Request, limit: int) -> bytes:
    """Return the body as it was sent; raise TooLarge as soon as it is longer than `limit` bytes."""
    declared = request.headers.get("content-length", "")
    if len(declared) > 15 or (declared.isdecimal() and int(declared) > limit):
        raise _too_large(limit)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def encoding_of(request: Request) -> str | None:
    """Return how the body is compressed, None for not at all."""
    named = request.headers.get("content-encoding", "identity").strip().lower()
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
