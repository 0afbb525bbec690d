"""Long answers, made a piece at a time while the client reads them."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Send

from service.api.threads import Threads
from service.errors import ServiceError

log = logging.getLogger(__name__)

MOST_AT_ONCE = 50_000
"""Points of an answer that is made as a whole: 3 MB of three series as JSON, and 20 MB meanwhile."""
THREADS = Threads("streamed", 2)
"""Each piece has one for 20 ms: long answers take turns, and the pool is left to other requests."""


def answer(pieces: Iterator[bytes], points: int, media: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with pieces that hold so many points: few in one piece with its length, many as they are made."""
    if points > MOST_AT_ONCE:
        return _Streamed(_paced(pieces), media_type=media, headers=headers)
    return Response(b"".join(pieces), media_type=media, headers=headers)


class _Streamed(StreamingResponse):
    """A stream that breaks off if the rest cannot be had, as of a deleted run: the connection is closed before the end."""

    async def stream_response(self, send: Send) -> None:
        """Send the answer."""
        try:
            await super().stream_response(send)
        except ServiceError as error:
            log.warning("a long answer breaks off: %s", error)


async def _paced(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while piece := await THREADS.run(next, pieces, b""):
        yield piece
