"""How many requests may come from one who asks."""

import time
from collections import OrderedDict

from service.errors import TooManyRequests

MOST_KNOWN = 10_000


class Rates:
    """A bucket of tokens for each who asks: full at first, one out for each request, filled again within a minute.

    Those who came last are known, in memory: a server that starts anew has forgotten all.
    """

    def __init__(self, per_minute: int | None) -> None:
        self._most = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> None:
        """Let a request in, or raise TooManyRequests."""
        if self._most is None:
            return
        moment = time.monotonic()
        left, since = self._buckets.pop(who, (float(self._most), moment))
        left = min(self._most, left + (moment - since) * self._most / 60)
        self._buckets[who] = (max(left - 1, 0.0) if left >= 1 else left, moment)
        if len(self._buckets) > MOST_KNOWN:
            self._buckets.popitem(last=False)
        if left < 1:
            told = f"more than {self._most} requests came in a minute (POSTGRAD_MAX_REQUESTS_PER_MINUTE)"
            raise TooManyRequests(told, int((1 - left) * 60 / self._most) + 1)
