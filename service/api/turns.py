"""Turns for requests that take much memory or long, shared out fairly among owners."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.actor import NOBODY
from service.errors import Busy, TooManyRequests

Place = asyncio.Future[None]


class Turns:
    """Lets some requests go on at a time; used from the event loop only.

    Of those who wait, the owner with the fewest turns goes first, then the one who was served longest ago. One turn is always
    left for another owner. Nobody, who owns what an open server holds, may have all.
    """

    def __init__(self, at_once: int, waiting_of_one: int) -> None:
        self._at_once, self._waiting_of_one = at_once, waiting_of_one
        self._taken: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[Place]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, owner: str, gone: asyncio.Future[None]) -> AsyncIterator[None]:
        """Wait for a turn and have it for the block.

        Raise TooManyRequests if too many of the owner wait, and Busy if `gone` is done before it is their turn.
        """
        await self._take(owner, gone)
        try:
            yield
        finally:
            self._give_back(owner)

    async def _take(self, owner: str, gone: asyncio.Future[None]) -> None:
        line = self._waiting.setdefault(owner, deque())
        if len(line) >= self._waiting_of_one:
            raise TooManyRequests(
                f"{len(line)} requests with this key wait for their turn, must be at most {self._waiting_of_one} "
                f"(POSTGRAD_MAX_COSTLY_WAITING_PER_KEY): try again later",
                seconds=1,
            )
        place: Place = asyncio.get_running_loop().create_future()
        line.append(place)
        self._serve()
        try:
            await asyncio.wait({place, gone}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if place.done():
                self._give_back(owner)
            raise
        finally:
            if not place.done():
                line.remove(place)
            if not line and self._waiting.get(owner) is line:
                del self._waiting[owner]
        if not place.done():
            raise Busy("the client has gone before its turn")

    def _serve(self) -> None:
        while self._taken.total() < self._at_once:
            able = [owner for owner, line in self._waiting.items() if line and self._taken[owner] < self._most(owner)]
            if not able:
                return
            owner = min(able, key=self._taken.__getitem__)  # of equals the first, who was served longest ago
            self._taken[owner] += 1
            self._waiting[owner].popleft().set_result(None)
            self._waiting.move_to_end(owner)

    def _most(self, owner: str) -> int:
        return self._at_once if owner == NOBODY else max(1, self._at_once - 1)

    def _give_back(self, owner: str) -> None:
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]
        self._serve()
