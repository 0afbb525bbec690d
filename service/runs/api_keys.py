"""Make, list and delete API keys, and know who asks by one."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.actor import SERVER, Actor, Permission
from service.domain import ALPHABET, new_id, now
from service.errors import Conflict, FieldProblem, InvalidInput, NoKey, NotFound, Unauthenticated
from service.store import api_keys as store
from service.store.api_keys import ApiKey
from service.store.unit import Database, Transaction

MARK = "pg_"
LETTERS = 40  # of 32 kinds: 200 bits
SHOWN = len(MARK) + 6
NOTE_SECONDS = 60.0
"""`last_used_at` is written at most this often, not for each request."""
OPEN_SECONDS = 0.5
"""The first key, if it is made by another process, closes a server within this time."""
MADE_BY = "make one where the server's data are: postgrad keys create --name me --scope admin"


@dataclass(frozen=True, kw_only=True)
class KeyRequest:
    """A key to make. With `owner` it sees and makes what belongs to that one; with `claim` it gets all that is nobody's."""

    name: str
    scopes: Sequence[Permission]
    expires_at: datetime | None = None
    owner: str | None = None
    claim: bool = False


def create(database: Database, request: KeyRequest) -> tuple[ApiKey, str]:
    """Make a key; return it and its secret, which is kept nowhere. The first key must be one for `admin`."""
    if request.expires_at is not None and request.expires_at <= now():
        raise InvalidInput(FieldProblem(("expires_at",), "expires_at is in the past"))
    secret = MARK + "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
    key_id = new_id("key")
    key = ApiKey(
        id=key_id,
        name=request.name,
        owner=request.owner or key_id,
        scopes=tuple(scope for scope in Permission if scope in request.scopes),
        prefix=secret[:SHOWN],
        created_at=now(),
        expires_at=request.expires_at,
    )

    def work(db: Transaction) -> None:
        if request.owner is not None and not store.is_owner(db, request.owner):
            raise InvalidInput(FieldProblem(("owner",), f"nothing belongs to {request.owner!r}, expected the owner of a key"))
        if Permission.ADMIN not in key.scopes and store.count(db) == 0:
            told = "scopes must have admin for the first key: without such a key nobody could make another one"
            raise InvalidInput(FieldProblem(("scopes",), told))
        store.add(db, key, digest(secret))
        if request.claim:
            store.claim(db, key.owner)

    database.write(work)
    return key, secret


def get(database: Database, key_id: str) -> ApiKey:
    """Return a key."""
    key = database.read(lambda db: store.get(db, key_id))
    if key is None:
        raise NotFound("key", key_id)
    return key


def page(database: Database, *, after: str | None, limit: int, newest_first: bool) -> list[ApiKey]:
    """Return up to `limit` keys."""
    return database.read(lambda db: store.page(db, after=after, limit=limit, newest_first=newest_first))


def delete(database: Database, key_id: str, *, last: bool) -> None:
    """Delete a key; what belongs to it stays. Raise Conflict for the last key for `admin`, unless `last` allows it."""

    def work(db: Transaction) -> None:
        if not last and store.admins(db, now()) == {key_id}:
            told = "it is the last key with the scope admin, without which nobody could make another one"
            raise Conflict(f"the key {key_id} cannot be deleted here: {told}; `postgrad keys rm` deletes it")
        if not store.remove(db, key_id):
            raise NotFound("key", key_id)

    database.write(work)


def digest(secret: str) -> str:
    """Return what is kept of a secret. One hash is enough: nobody guesses 200 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


class Keyring:
    """Knows who asks. No key is cached: one that is deleted or has expired is refused from the next request on.

    A look is one read by the index of digests, the same on every server of the database.
    """

    def __init__(self, database: Database, *, required: bool) -> None:
        """With `required` the server is never open; otherwise as long as there is no key."""
        self._database, self._required = database, required
        self._noted: dict[str, float] = {}
        self._open_until = 0.0

    @property
    def closed(self) -> bool:
        """Whether a request needs a key. That there is none is remembered for a moment: 2 instead of 20 µs a request."""
        if self._required or (moment := time.monotonic()) < self._open_until:
            return self._required
        there = store.are_there(self._database)
        self._open_until = 0.0 if there else moment + OPEN_SECONDS
        return there

    def look(self) -> None:
        """Forget that there was no key: one was made."""
        self._open_until = 0.0

    def check(self) -> None:
        """Raise NoKey if nobody could ever be let in."""
        if self._required and not store.are_there(self._database):
            raise NoKey(f"the server needs an API key, and none has been made: {MADE_BY}")

    def actor(self, secret: str | None) -> Actor:
        """Return who asks; raise Unauthenticated."""
        if secret is None or not secret.startswith(MARK):
            if not self.closed:
                return SERVER
            wanted = "Authorization: Bearer with the secret of an API key"
            raise Unauthenticated(f"this server needs {wanted}" + ("" if secret is None else f", which begins with {MARK}"))
        known = digest(secret)
        found = store.find(self._database, known, now())
        if found is None or not hmac.compare_digest(found.digest, known):
            if not self.closed:
                return SERVER
            raise Unauthenticated("there is no such API key")
        if found.expired:
            raise Unauthenticated(f"the API key {found.key_id} has expired")
        return Actor(found.key_id, found.owner, Permission(found.scopes.rpartition(" ")[2]))  # the last one includes the others

    def permits(self, actor: Actor) -> bool:
        """Return whether the actor would still be let in, for what goes on for long."""
        if actor.key_id is None:
            return not self.closed
        return store.is_alive(self._database, actor.key_id, now())

    def is_due(self, actor: Actor) -> bool:
        """Return whether it is time to note that a key was used; once, until it is time again."""
        moment = time.monotonic()
        if actor.key_id is None or moment - self._noted.get(actor.key_id, -NOTE_SECONDS) < NOTE_SECONDS:
            return False
        self._noted[actor.key_id] = moment
        return True

    def note_used(self, actor: Actor) -> None:
        """Note that a key was used."""
        self._database.write(lambda db: store.note_used(db, str(actor.key_id), now()))
