"""Answers from memory that many clients may read slowly at the same time."""

from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE_BYTES = 65536


class InPieces(Response):
    """Bytes kept in memory once, sent as fast as the client reads: it holds no open file, and one piece for each client."""

    def __init__(self, content: bytes, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(content, 200, headers, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (the interface of ASGI)
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for begin in range(0, len(self.body), PIECE_BYTES):
            piece = bytes(self.body[begin : begin + PIECE_BYTES])
            await send({"type": "http.response.body", "body": piece, "more_body": begin + PIECE_BYTES < len(self.body)})
