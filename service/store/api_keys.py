"""API keys in the database: all but their secrets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from service.actor import DELETED, NOBODY, Permission
from service.errors import Conflict
from service.store.owned import owner_of
from service.store.tables import api_keys as keys
from service.store.tables import datasets, models, runs
from service.store.unit import Database

NAMED = 5  # things in a message


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key. `owner` is whose things it makes and sees: by default its own id, or that of the key that it takes over from."""

    id: str
    name: str
    owner: str
    scopes: tuple[str, ...]
    prefix: str
    """The beginning of the secret, to know it by."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None


COLUMNS = [keys.c[name] for name in ApiKey.__dataclass_fields__]


def add(db: Connection, key: ApiKey, digest: str) -> None:
    """Keep a key and the digest of its secret."""
    db.execute(insert(keys).values({**vars(key), "scopes": " ".join(key.scopes), "digest": digest}))


def get(db: Connection, key_id: str) -> ApiKey | None:
    """Return a key, or None."""
    row = db.execute(select(*COLUMNS).where(keys.c.id == key_id)).one_or_none()
    return None if row is None else _record(row)


def page(db: Connection, *, after: str | None, limit: int, newest_first: bool) -> list[ApiKey]:
    """Return up to `limit` keys in the order of their creation."""
    query = select(*COLUMNS).order_by(keys.c.id.desc() if newest_first else keys.c.id).limit(limit)
    if after is not None:
        query = query.where(keys.c.id < after if newest_first else keys.c.id > after)
    return [_record(row) for row in db.execute(query)]


def remove(db: Connection, key_id: str) -> bool:
    """Delete a key; return whether there was one."""
    return db.execute(delete(keys).where(keys.c.id == key_id)).rowcount == 1


def count(db: Connection, *, own: bool = False) -> int:
    """Return the number of keys, in all or of the actor's owner, those that have expired included."""
    query = select(func.count()).select_from(keys)
    return db.execute(query.where(keys.c.owner == owner_of(db)) if own else query).scalar_one()


def admins(db: Connection, moment: datetime) -> set[str]:
    """Return the ids of the keys that may make keys at a time."""
    admin = keys.c.scopes.contains(Permission.ADMIN)
    return set(
        db.execute(select(keys.c.id).where(admin, or_(keys.c.expires_at.is_(None), keys.c.expires_at > moment))).scalars()
    )


def is_owner(db: Connection, owner: str) -> bool:
    """Return whether something belongs to an owner, or a key is one's."""
    if owner == DELETED:
        return False
    tables = [table.c.owner == owner for table in (keys, runs, datasets, models)]
    return bool(db.execute(select(or_(*(exists().where(condition) for condition in tables)))).scalar_one())


def claim(db: Connection, owner: str) -> int:
    """Give all that is nobody's to an owner; return how many things. Raise Conflict if the owner has some of it already."""
    tables = (runs, datasets, models)
    for table, same in ((models, models.c.name), (datasets, datasets.c.digest)):
        twice = select(func.min(table.c.name)).where(table.c.owner.in_((NOBODY, owner))).group_by(same).having(func.count() > 1)
        if names := db.execute(twice.order_by(same).limit(NAMED)).scalars().all():
            what = "models of the same names" if table is models else "datasets of the same bytes"
            told = f"the owner {owner} and nobody have {what} ({', '.join(names)})"
            raise Conflict(f"{told}: delete one of each, or claim for another owner")
    return sum(db.execute(update(table).where(table.c.owner == NOBODY).values(owner=owner)).rowcount for table in tables)


def note_used(db: Connection, key_id: str, moment: datetime) -> None:
    """Say when a key was used."""
    db.execute(update(keys).where(keys.c.id == key_id).values(last_used_at=moment))


def _record(row: Any) -> ApiKey:
    return ApiKey(**{**row._mapping, "scopes": tuple(row.scopes.split())})  # noqa: SLF001


DIGEST: BindParameter[Any] = bindparam("digest")
KEY_ID: BindParameter[Any] = bindparam("key_id")
MOMENT: BindParameter[Any] = bindparam("moment")  # as the database writes it
_expired = case((keys.c.expires_at <= MOMENT, 1), else_=0)
BY_DIGEST = select(keys.c.id, keys.c.owner, keys.c.scopes, keys.c.digest, _expired).where(keys.c.digest == DIGEST)
ALIVE = select(keys.c.id).where(keys.c.id == KEY_ID, _expired == 0)
ANY: Select[Any] = select(literal(1)).select_from(keys).limit(1)


class Found(NamedTuple):
    """What has to be known of a key to let somebody in."""

    key_id: str
    owner: str
    scopes: str
    digest: str
    expired: int


def find(database: Database, digest: str, moment: datetime) -> Found | None:
    """Return the key with a digest, or None. It may be called on an event loop."""
    row = database.peek(BY_DIGEST, digest=digest, moment=_written(moment))
    return None if row is None else Found(*row)


def is_alive(database: Database, key_id: str, moment: datetime) -> bool:
    """Return whether a key is still there and has not expired."""
    return database.peek(ALIVE, key_id=key_id, moment=_written(moment)) is not None


def are_there(database: Database) -> bool:
    """Return whether there is a key."""
    return database.peek(ANY) is not None


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
