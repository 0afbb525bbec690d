"""Another client's small requests, sent at fixed times, and how long each took: a process of its own."""

import json
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from typing import Any

EVERY_SECONDS = 0.02
LONGEST_SECONDS = 30.0


class Series(threading.Thread):
    """One request again and again.

    A time counts from when the request was due: those that could not be sent because the one before was not answered waited
    as well (without this, a freeze of ten seconds would be a single slow request).
    """

    def __init__(self, plan: dict[str, Any], request: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self._plan, self._request = plan, request
        self.seconds: list[float] = []
        self.failed: list[str] = []

    def run(self) -> None:
        """Send until the time is over."""
        connection = HTTPConnection(self._plan["host"], self._plan["port"], timeout=LONGEST_SECONDS)
        due = time.monotonic()
        until = due + self._plan["seconds"]
        while due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                connection.request(
                    self._request["method"], self._request["target"], self._request["body"], self._request["headers"]
                )
                answer = connection.getresponse()
                content = answer.read()
                if answer.status != 200:
                    self.failed.append(f"{answer.status} {content[:200].decode(errors='replace')}")
            except (OSError, HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()
            done = time.monotonic()
            while due <= min(done, until):
                self.seconds.append(done - due)
                due += EVERY_SECONDS
        connection.close()


def main() -> None:
    """Read a plan from stdin, measure, and print the times and failures of each series."""
    plan = json.load(sys.stdin)
    series = {name: Series(plan, request) for name, request in plan["requests"].items()}
    for one in series.values():
        one.start()
    for one in series.values():
        one.join(plan["seconds"] + LONGEST_SECONDS + 5)
    print(json.dumps({name: {"seconds": one.seconds, "failed": one.failed} for name, one in series.items()}))


if __name__ == "__main__":
    main()
