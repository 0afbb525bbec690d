"""Gigabytes of hostile requests for a server with 1 GiB of memory, which they must not end: `make hostile`."""

import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.responsiveness.house import ENDED, House, house
from tests.responsiveness.limited import kills_in, limited, used_by
from tests.responsiveness.rows import ALL, DELETES, RUN, Row

MEMORY_BYTES = 1 << 30
CLIENTS = 8
PATIENCE_SECONDS = (0.05, 10.0)
"""How long a client waits for an answer before it goes: any time between."""


def _most(house: House) -> int:
    return int(house.limits["max_body_bytes"])


def empty_lists(house: House) -> bytes:
    """Return the inputs whose values take the most memory for each of their bytes."""
    return b'{"inputs":[' + b",".join([b"[]"] * (_most(house) // 3 - 10)) + b"]}"


def deep_lists(house: House) -> bytes:
    """Return a list in a list, as deep as fits."""
    return b'{"inputs":' + b"[" * (_most(house) - 100)


def long_numbers(house: House) -> bytes:
    """Return inputs with as many digits as fit."""
    return b'{"inputs":[[' + b"1" * (_most(house) - 100) + b"]]}"


def half_a_body(house: House) -> bytes:
    """Return what breaks off in the middle."""
    return b'{"inputs":[' + b"[0.5,0.25]," * (_most(house) // 12)


BODIES = (empty_lists, deep_lists, long_numbers, half_a_body)
ROWS = (
    *(row for row in ALL if row not in DELETES and row.key != "admin"),
    *(Row(f"POST {RUN}/predict", use="wide", body=body) for body in BODIES),
    *(Row("POST /v2/models/{name}/infer", body=body) for body in BODIES),
)


@dataclass
class Sent:
    """What has been sent, and how it was answered."""

    wanted_bytes: int
    bytes: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, size: int, row: Row, told: int | str) -> bool:
        """Count a request; return whether there is more to send."""
        with self._lock:
            self.bytes += size
            self.answers[str(told)] += 1
            if told == 500:
                self.failed.append(f"{row.route} {row.body.__name__ if row.body else ''}")
            return self.bytes < self.wanted_bytes


def attack(home: House, wanted_bytes: int, seed: int) -> Sent:
    """Send requests of any row from several clients at once, until there were that many bytes of bodies."""
    sent = Sent(wanted_bytes)
    rows = [(row, row.requests(home)[0]) for row in ROWS]
    clients = [threading.Thread(target=_client, args=(home, sent, rows, random.Random(seed + i))) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return sent


def _client(home: House, sent: Sent, rows: list[tuple[Row, dict[str, Any]]], chance: random.Random) -> None:
    while True:
        row, request = chance.choice(rows)
        body = Path(request["body"]).read_bytes() if request["body"] else b""
        told = _answer(home.url, request, body, chance.uniform(*PATIENCE_SECONDS))
        if not sent.add(len(body), row, told):
            return


def _answer(url: str, request: dict[str, Any], body: bytes, patience: float) -> int | str:
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=patience)
    until = time.monotonic() + patience
    try:
        connection.request(request["method"], request["target"], body or None, request["headers"])
        answer = connection.getresponse()
        while answer.read(1 << 20):
            if time.monotonic() > until:
                return "went while it was answered"
    except TimeoutError:
        return "went before its answer"
    except (OSError, HTTPException) as error:
        return type(error).__name__
    else:
        return answer.status
    finally:
        connection.close()


@dataclass(frozen=True)
class Outcome:
    """How a server has come through."""

    sent: Sent
    alive: bool
    trained: str
    killed: int | None
    peak_bytes: int | None

    def lines(self) -> Iterator[str]:
        """Tell it."""
        answers = ", ".join(f"{told} × {count}" for told, count in self.sent.answers.most_common())
        yield f"{self.sent.bytes / 1e9:.2f} GB of bodies sent in {self.sent.answers.total()} requests: {answers}"
        yield "the server " + ("answers, and is the same process" if self.alive else "HAS ENDED")
        yield f"a run after it: {self.trained}"
        if self.peak_bytes is None:
            yield "there is no control group here: each process had a limit of its own"
        else:
            yield f"most memory of all its processes: {self.peak_bytes >> 20} MiB; the kernel ended {self.killed} of them"
        yield from (f"answered with 500: {what}" for what in sorted(set(self.sent.failed)))


def campaign(folder: Path, wanted_bytes: int, seed: int) -> Outcome:
    """Attack a server with little memory, and look how it is."""
    with limited(MEMORY_BYTES) as (main, group), house(folder, main, size=3) as home, _watched(group) as peak:
        sent = attack(home, wanted_bytes, seed)
        alive, trained = home.process.poll() is None, "none"
        with suppress(httpx.HTTPError), home.client("other") as theirs:
            body = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": {"steps": 20}}
            run = theirs.post("/v1/runs", json=body, headers={"Prefer": "wait=30"}).raise_for_status().json()
            while run["status"] not in ENDED:
                run = theirs.get(f"/v1/runs/{run['id']}", headers={"Prefer": "wait=30"}).json()
            trained = run["status"]
        return Outcome(sent, alive, trained, kills_in(group) if group else None, peak[0] if group else None)


@contextmanager
def _watched(group: Path | None) -> Iterator[list[int]]:
    """Look at the memory of a group all the time; the one number of what is yielded is the most so far."""
    most, done = [0], threading.Event()

    def watch(group: Path) -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], used_by(group))

    watcher = threading.Thread(target=watch, args=(group,)) if group else None
    if watcher:
        watcher.start()
    try:
        yield most
    finally:
        done.set()
        if watcher:
            watcher.join()


def main() -> int:
    """Run the campaign; return 1 if the server ended, or answered with 500."""
    seed = int(os.environ.get("SEED") or random.randrange(1_000_000))
    print("seed", seed, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        outcome = campaign(Path(folder), int(float(os.environ.get("GIGABYTES") or 4) * 1e9), seed)
    print(*outcome.lines(), sep="\n")
    return 0 if outcome.alive and outcome.trained == "succeeded" and not outcome.sent.failed else 1


if __name__ == "__main__":
    sys.exit(main())
