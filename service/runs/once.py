"""Do what a request asks for at most once, however often it is sent with the same key."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from service.domain import now
from service.errors import InFlight, KeyReused
from service.runs import quotas
from service.settings import Settings
from service.store import keys
from service.store.keys import Answer
from service.store.names import taken_out
from service.store.unit import Also, Database, Transaction

T = TypeVar("T")


class Keys:
    """The idempotency keys of one server: those in use now, and in the database the answers that were given."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._kept = settings, timedelta(seconds=settings.idempotency_key_seconds)
        self._in_use: set[tuple[Database, str]] = set()
        self._lock = threading.Lock()

    def once(
        self,
        database: Database,
        key: str,
        request: str,
        make: Callable[[Also[T]], object],
        answer: Callable[[Transaction, T], Answer],
    ) -> tuple[Answer, bool]:
        """Return the answer that is kept under a key and True, or make something, keep the answer to it, and False.

        `make` gets what is to be done in the transaction that stores the thing: so there is never one without the other,
        whatever is killed when. Raise KeyReused if the key came with another request, InFlight if that is being done now.
        """
        with self._alone(database, key):
            since = now() - self._kept
            kept = database.read(lambda db: keys.find(db, key, since))
            if kept is not None:
                if kept.request != request:
                    raise KeyReused(key)
                return kept, True
            given: list[Answer] = []

            def keep(db: Transaction, made: T) -> None:
                given.append(answer(db, made))  # once more, if the transaction has to be run again
                keys.forget(db, since)
                quotas.check_answer(db, self._settings, len(taken_out(given[-1].body).encode()))
                keys.keep(db, key, given[-1])

            make(keep)
            return given[-1], False

    @contextmanager
    def _alone(self, database: Database, key: str) -> Iterator[None]:
        with self._lock:
            if (database, key) in self._in_use:
                raise InFlight(key)
            self._in_use.add((database, key))
        try:
            yield
        finally:
            with self._lock:
                self._in_use.remove((database, key))


def digest(*parts: bytes) -> str:
    """Name a request by its content."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "big") + part)
    return "sha256:" + sha.hexdigest()
