"""HTTP on one connection: a head is strictly checked, and has a size and a deadline."""

import asyncio
from collections.abc import Sized
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.cli import uvicorn_names
from service.cli.connections import Connections
from service.cli.head import MAX_HEADER_BYTES, answer, check

uvicorn_names.check()

NOT_HTTP = "what came is not HTTP, or the head of the request is too long"
LENGTHS = (b"content-length", b"transfer-encoding")


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol reads heads of any size, and waits for them as long as bytes come; this one does not.

    The deadline counts from the opening of the connection, or from the first byte of a later request, but not while an answer
    is due. It does not move when more bytes come: a client that sends one a second (slowloris) is disconnected like one that
    sends none. So is one that goes on with a body that was refused.
    """

    header_seconds = 10.0
    limits: Connections | None = None  # of the server

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.parser = httptools.HttpRequestParser(self)  # uvicorn's passes over what follows a head that says "close"
        self._deadline: asyncio.TimerHandle | None = None
        self._answering: RequestResponseCycle | None = None  # the request that is answered, or was the last; `cycle` is read
        self._in_body = self._malformed = self._repeating = False
        self._received = 0  # bytes of the last piece
        self._held = 0  # bytes since the last head or piece of a body that was complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request its time."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        if self.limits is not None and (why := self.limits.add(transport)):
            self._malformed = True  # whatever comes, it is not read
            self._say(answer(503, f"{why}: try again", "busy"))
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock, and tell the request that is answered, which for uvicorn is the one that is read."""
        if self.limits is not None:
            self.limits.discard(self.transport)
        self._stop_clock()
        self._disconnect()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; stop the clock when a head is complete, start it with the first bytes of another."""
        if self._malformed:
            return
        self._unset_keepalive_if_required()
        self._received = len(data)
        self._held += self._received
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._held = MAX_HEADER_BYTES + 1
        if self._held > MAX_HEADER_BYTES:
            self._refuse()
        self._set_clock()

    def _parse(self, data: bytes | memoryview) -> None:
        while True:
            try:
                return self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # There is no other protocol here, so the body of the request follows; but for the parser, HTTP has ended.
                self.parser = httptools.HttpRequestParser(self)
                lengths = b"".join(b"%s: %s\r\n" % header for header in self.headers if header[0] in LENGTHS)
                self._repeating = True
                self.parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n" % lengths)
                self._repeating = False
                data = memoryview(data)[upgrade.args[0] :]

    def on_message_begin(self) -> None:
        """Begin a request."""
        if not self._repeating:
            super().on_message_begin()
            self._held = self._received

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, and drop what stands behind a body: nobody who reads a request looks for more."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Give a head that is one to the application."""
        if not self._repeating:
            check(self.parser, self.url, self.headers)
            self.expect_100_continue &= self.parser.get_http_version() != "1.0"
            super().on_headers_complete()
            self._in_body, self._held = True, 0

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        super().on_body(body)
        self._held = 0

    def on_message_complete(self) -> None:
        """End a request."""
        if not self.parser.should_upgrade():
            super().on_message_complete()
            self._in_body, self._held = False, 0
            self._received = 1  # the next head begins somewhere in this piece: where, the parser does not tell

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Go on to the next request, or say that there is none."""
        super().on_response_complete()
        if self._malformed and not self._answer_is_due():
            self._say_malformed()
        self._set_clock()

    def _answer_is_due(self) -> bool:
        return self._answering is not None and not self._answering.response_complete

    def _refuse(self) -> None:
        """End the connection: after the answers that are due, and with one that says why if there is a place for it."""
        self._malformed = True
        self.logger.warning("Invalid HTTP request received.")
        if self._in_body and self.cycle is not self._answering:
            self.pipeline.popleft()
        elif self._in_body:
            if not self.cycle.response_started:
                self._say_malformed()
            self.transport.close()
            self._disconnect()
        elif not self._answer_is_due():
            self._say_malformed()

    def _disconnect(self) -> None:
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def _say_malformed(self) -> None:
        """Answer with a problem document; uvicorn's own answer is plain text."""
        self._say(answer(400, NOT_HTTP))

    def _say(self, last: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(last)
            self.transport.close()

    def _set_clock(self) -> None:
        if (self._held or self._in_body) and not self._answer_is_due():
            self._start_clock()
        else:
            self._stop_clock()

    def _start_clock(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.header_seconds, self.transport.abort)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Flow(FlowControl):
    """Reads nothing more while requests wait for their turn, whatever the one before them looks for."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Go on reading, if nobody waits."""
        if not self._pipeline:
            super().resume_reading()
