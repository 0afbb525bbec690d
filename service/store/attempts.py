"""The attempts of a run: when a worker took it, where it went on, and in which environment."""

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from service.domain import Attempt, now
from service.store.tables import attempts

COLUMNS = [attempts.c[name] for name in Attempt.__dataclass_fields__]

# Made once, as in runs.py.
INSERT = insert(attempts)
OF_RUN = select(*COLUMNS).where(attempts.c.run_id == bindparam("of_run"))
ALL = OF_RUN.order_by(attempts.c.attempt)
LATEST = OF_RUN.order_by(attempts.c.attempt.desc()).limit(1)


def add(db: Connection, run_id: str, attempt: int, *, from_step: int, environment: dict[str, Any]) -> None:
    """Record that a worker has begun."""
    begun = {"started_at": now(), "from_step": from_step, "environment": environment}
    db.execute(INSERT, {"run_id": run_id, "attempt": attempt, **begun})


def latest(db: Connection, run_id: str) -> Attempt | None:
    """Return the last attempt of a run that began, or None."""
    row = db.execute(LATEST, {"of_run": run_id}).one_or_none()
    return None if row is None else Attempt(**row._mapping)  # noqa: SLF001


def all_of(db: Connection, run_id: str) -> list[Attempt]:
    """Return the attempts of a run in order."""
    return [Attempt(**row._mapping) for row in db.execute(ALL, {"of_run": run_id})]  # noqa: SLF001
