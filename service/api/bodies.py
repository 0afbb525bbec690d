"""Bodies of requests: the time they have to come, and the memory that they take together."""

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import status_of
from service.api.headers import header
from service.api.refusals import Protocols, refusal
from service.errors import Busy, ServiceError, SlowBody
from service.settings import Settings

SMALL_BYTES = 65536
"""Bodies up to this size are not counted: as many of them as there are connections fit into memory."""
GONE: Message = {"type": "http.disconnect"}


class Bodies:
    """Refuses a body that comes too slowly, and one for which there is no memory.

    When bodies take all the memory that they may, the one that has been coming for longest makes room if its time is over:
    slow clients together do not keep others out. The application is told that the client has gone, and the refusal sent here.
    """

    def __init__(self, app: ASGIApp, settings: Settings, protocols: Protocols) -> None:
        """Wrap an application."""
        self._app, self._protocols = app, protocols
        self.seconds, self.most = settings.body_seconds, settings.max_bodies_bytes
        self.least = max(1, int(settings.body_seconds * settings.min_body_bytes_per_second))
        self.held = 0
        self.large: dict[_Body, None] = {}  # in the order in which they began to be large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its body counted."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(self, receive, send)
        try:
            await self._app(scope, body.receive, body.send)
        except ClientDisconnect:
            if body.refusal is None:
                raise
        finally:
            body.release()
        if body.refusal is not None and not body.answered:
            status, told = status_of(body.refusal), body.refusal
            await refusal(self._protocols, scope, status, str(told), told.code)(scope, receive, send)

    def make_room(self, wanting: "_Body", moment: float) -> None:
        """Refuse one body: the oldest of those whose time is over, or else the one that wants more."""
        if self.held <= self.most or self.held == wanting.counted:  # one alone has a limit of its own
            return
        old = next((body for body in self.large if not body.complete and moment - body.begun > self.seconds), wanting)
        told = f"the bodies of the requests under way take more than {self.most:,} bytes (POSTGRAD_MAX_BODIES_BYTES)"
        old.refuse(Busy(f"{told}: try again"))


class _Body:
    """The body of one request."""

    def __init__(self, together: Bodies, receive: Receive, send: Send) -> None:
        self._together, self._receive, self._send = together, receive, send
        self._loop = asyncio.get_running_loop()
        self.begun = self._loop.time()
        self._until = self.begun + together.seconds
        self._clock: asyncio.Timeout | None = None
        self._size = self._lately = self.counted = 0
        self.complete = self.answered = False
        self.refusal: ServiceError | None = None

    async def receive(self) -> Message:
        """Return what comes next; say that the client has gone once the body is refused."""
        if self.complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until) as self._clock:
                message = GONE if self.refusal else await self._receive()
        except TimeoutError:
            self._clock = None  # it cannot be set again
            if self.refusal is None:
                self._late()
        finally:
            self._clock = None
        if self.refusal is None:
            self._take(message)
        return GONE if self.refusal else message

    async def send(self, message: Message) -> None:
        """Send on, unless it is what the application says to a client that it thinks has gone."""
        if self.refusal is None or self.answered:
            self.answered = True
            await self._send(message)

    def refuse(self, why: ServiceError) -> None:
        """End the wait for more."""
        self.refusal = why
        self.release()
        if self._clock is not None:
            self._clock.reschedule(self._loop.time())

    def release(self) -> None:
        """Count the body no more."""
        self._together.held -= self.counted
        self._together.large.pop(self, None)
        self.counted = 0

    def _take(self, message: Any) -> None:
        size = len(message.get("body", b""))
        self.complete = message["type"] != "http.request" or not message.get("more_body", False)
        self._size += size
        self._lately += size
        if self.complete and self._size <= SMALL_BYTES:
            return
        moment = self._loop.time()
        if self._lately >= self._together.least:
            self._lately, self._until = 0, moment + self._together.seconds
        if self._size > SMALL_BYTES:
            self._together.large.setdefault(self)
            self._together.held += self._size - self.counted
            self.counted = self._size
            self._together.make_room(self, moment)

    def _late(self) -> None:
        wanted = f"at least {self._together.least:,} (POSTGRAD_MIN_BODY_BYTES_PER_SECOND) were to come"
        told = f"{self._lately:,} bytes of the body came in {self._together.seconds:g} seconds (POSTGRAD_BODY_SECONDS)"
        self.refuse(SlowBody(f"{told}, {wanted}"))


def _has_body(scope: Scope) -> bool:
    headers = scope["headers"]
    return header(headers, b"content-length") not in (None, b"0") or header(headers, b"transfer-encoding") is not None
