"""Answers kept under idempotency keys, each stored with what it tells of in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from service.domain import now
from service.errors import InFlight
from service.store.names import Names, taken_out
from service.store.owned import owner_of
from service.store.tables import idempotency_keys as keys


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered to the first request with a key."""

    request: str
    """Digest of what was asked for."""
    status: int
    location: str
    body: str


COLUMNS = [keys.c[name] for name in Answer.__dataclass_fields__]


def find(db: Connection, key: str, since: datetime) -> Answer | None:
    """Return the answer that is kept under a key, if it was given after a time."""
    row = db.execute(
        select(*COLUMNS).where(keys.c.owner == owner_of(db), keys.c.key == key, keys.c.created_at > since)
    ).one_or_none()
    if row is None:
        return None
    return Answer(**{**row._mapping, "body": Names(db).put_back(row.body)})  # noqa: SLF001 (SQLAlchemy's documented way to a mapping)


def forget(db: Connection, since: datetime) -> None:
    """Forget all answers that were given before a time."""
    db.execute(delete(keys).where(keys.c.created_at <= since))


def keep(db: Connection, key: str, answer: Answer) -> None:
    """Keep an answer; raise InFlight if the key is taken."""
    try:
        values = {**vars(answer), "body": taken_out(answer.body)}
        db.execute(insert(keys).values(owner=owner_of(db), key=key, **values, created_at=now()))
    except IntegrityError as error:  # another server was faster
        raise InFlight(key) from error
