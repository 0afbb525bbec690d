"""Clients that send costly requests for some seconds, and go while they are being answered: a process of its own."""

import json
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

PIECE = 1 << 20


class Client(threading.Thread):
    """One client: sends its requests in turn, each on a connection of its own, until its time is over."""

    def __init__(self, plan: dict[str, Any], place: int, until: float) -> None:
        super().__init__(daemon=True)
        self._plan, self._place, self._until = plan, place, until
        self.told: Counter[str] = Counter()

    def run(self) -> None:
        """Send one request after the other; the last one is given up in the middle."""
        requests = self._plan["requests"]
        while time.monotonic() < self._until:
            try:
                self.told[str(self._send(requests[self._place % len(requests)]))] += 1
            except TimeoutError:
                self.told["given up"] += 1
            except (OSError, HTTPException):
                self.told["connection closed"] += 1
                time.sleep(0.01)
            self._place += self._plan["at_once"]

    def _send(self, request: dict[str, Any]) -> int:
        connection = HTTPConnection(self._plan["host"], self._plan["port"], timeout=self._left())
        try:
            connection.request(request["method"], request["target"], self._body(request), request["headers"])
            answer = connection.getresponse()
            while True:
                if connection.sock is not None:
                    connection.sock.settimeout(self._left())
                if not answer.read(PIECE):
                    return answer.status
        finally:
            if connection.sock is not None:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _body(self, request: dict[str, Any]) -> bytes | None:
        if request["body"] is None:
            return None
        with open(request["body"], "rb") as file:  # noqa: PTH123 (a path as JSON has it)
            return file.read()


def main() -> None:
    """Read a plan from stdin, attack, and print how the requests were answered."""
    plan = json.load(sys.stdin)
    until = time.monotonic() + plan["seconds"]
    clients = [Client(plan, place, until) for place in range(plan["at_once"])]
    for client in clients:
        client.start()
    for client in clients:
        client.join(plan["seconds"] + 5)
    print(json.dumps(sum((client.told for client in clients), Counter())))


if __name__ == "__main__":
    main()
