"""The attempts of a run: when a worker took it, where it went on, and in which environment."""

from typing import Any

from sqlalchemy import Connection, insert, select

from service.domain import Attempt, now
from service.store.tables import attempts

COLUMNS = [attempts.c[name] for name in Attempt.__dataclass_fields__]


def add(db: Connection, run_id: str, attempt: int, *, from_step: int, environment: dict[str, Any]) -> None:
    """Record that a worker has begun."""
    db.execute(
        insert(attempts).values(run_id=run_id, attempt=attempt, started_at=now(), from_step=from_step, environment=environment)
    )


def latest(db: Connection, run_id: str) -> Attempt | None:
    """Return the last attempt of a run that began, or None."""
    query = select(*COLUMNS).where(attempts.c.run_id == run_id).order_by(attempts.c.attempt.desc()).limit(1)
    row = db.execute(query).one_or_none()
    return None if row is None else Attempt(**row._mapping)  # noqa: SLF001


def all_of(db: Connection, run_id: str) -> list[Attempt]:
    """Return the attempts of a run in order."""
    query = select(*COLUMNS).where(attempts.c.run_id == run_id).order_by(attempts.c.attempt)
    return [Attempt(**row._mapping) for row in db.execute(query)]  # noqa: SLF001
