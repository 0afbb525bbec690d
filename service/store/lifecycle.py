"""The life of a run: every change of its status is one compare-and-set, and carries the attempt number."""

from typing import Any

from sqlalchemy import Connection, case, select, update

from service.domain import TRANSITIONS, RunStatus, StopReason, now
from service.store import events
from service.store.tables import runs


class Fenced(Exception):
    """The run is no longer this attempt's: another worker took it, or it has ended. The worker must stop."""


def claim(db: Connection, limit: int) -> list[tuple[str, int]]:
    """Take up to `limit` queued runs, the highest priority and then the oldest first: (id, attempt) of each."""
    queued = (
        select(runs.c.id, runs.c.attempt, runs.c.started_at)
        .where(runs.c.status == RunStatus.QUEUED)
        .order_by(runs.c.priority.desc(), runs.c.id)
        .limit(limit)
    )
    claimed = []
    for run_id, before, started_at in db.execute(queued).all():
        attempt = before + 1
        _move(db, run_id, RunStatus.QUEUED, RunStatus.RUNNING, attempt=attempt, started_at=started_at or now())
        events.append(db, run_id, [("state", {"status": RunStatus.RUNNING, "attempt": attempt})])
        claimed.append((run_id, attempt))
    return claimed


def running(db: Connection) -> list[tuple[str, int]]:
    """Return (id, attempt) of the runs that have a worker."""
    query = select(runs.c.id, runs.c.attempt).where(runs.c.status == RunStatus.RUNNING).order_by(runs.c.id)
    return [(row.id, row.attempt) for row in db.execute(query)]


def progress(
    db: Connection,
    run_id: str,
    attempt: int,
    *,
    step: int,
    steps_per_second: float | None,
    metrics: dict[str, Any],
    best_step: int | None,
) -> bool:
    """Record how far an attempt has come; return whether it was asked to cancel. Raise Fenced if the run is not its own."""
    cancel: bool | None = db.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.attempt == attempt, runs.c.status == RunStatus.RUNNING)
        .values(
            step=step,
            steps_per_second=steps_per_second,
            metrics=metrics,
            best_step=best_step,
            updated_at=now(),
            stalled_attempts=case((runs.c.step < step, 0), else_=runs.c.stalled_attempts),
        )
        .returning(runs.c.cancel_requested)
    ).scalar_one_or_none()
    if cancel is None:
        raise Fenced(f"{run_id} attempt {attempt}")
    return cancel


def finish(
    db: Connection,
    run_id: str,
    attempt: int,
    status: RunStatus,
    reason: StopReason,
    *,
    error: dict[str, Any] | None = None,
    weights_digest: str | None = None,
) -> None:
    """End a running run for good. Raise Fenced if it is not this attempt's."""
    values: dict[str, Any] = {"stop_reason": reason, "error": error, "weights_digest": weights_digest, "finished_at": now()}
    _own(db, run_id, attempt, status, **values)
    events.append(db, run_id, [("state", {"status": status, "stop_reason": reason})])


def release(db: Connection, run_id: str, attempt: int, *, why: str, stalled: bool) -> None:
    """Give a running run back to the queue, to be resumed from its checkpoint. Raise Fenced if it is not this attempt's."""
    _own(db, run_id, attempt, RunStatus.QUEUED, stalled_attempts=runs.c.stalled_attempts + (1 if stalled else 0))
    events.append(db, run_id, [("state", {"status": RunStatus.QUEUED, "attempt": attempt, "why": why})])


def _own(db: Connection, run_id: str, attempt: int, target: RunStatus, **values: Any) -> None:
    """Move a running run on if it is this attempt's; raise Fenced if it is not."""
    if not _move(db, run_id, RunStatus.RUNNING, target, of_attempt=attempt, **values):
        raise Fenced(f"{run_id} attempt {attempt}")


def _move(
    db: Connection, run_id: str, source: RunStatus, target: RunStatus, *, of_attempt: int | None = None, **values: Any
) -> bool:
    """Change the status of a run along the table of transitions, if it is where we think; return whether it was."""
    if target not in TRANSITIONS[source]:
        raise ValueError(f"a run that is {source} does not become {target}")
    change = update(runs).where(runs.c.id == run_id, runs.c.status == source)
    if of_attempt is not None:
        change = change.where(runs.c.attempt == of_attempt)
    return db.execute(change.values(status=target, updated_at=now(), **values)).rowcount == 1


def cancel(db: Connection, run_id: str) -> None:
    """End a queued run, or ask a running one to stop. Does nothing to one that has ended."""
    reason = StopReason.CANCELLED
    if _move(db, run_id, RunStatus.QUEUED, RunStatus.CANCELLED, stop_reason=reason, finished_at=now()):
        state = {"status": RunStatus.CANCELLED, "stop_reason": reason}
        events.append(db, run_id, [("state", state)])
        return
    asked = db.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.status == RunStatus.RUNNING, runs.c.cancel_requested.is_(False))
        .values(cancel_requested=True, updated_at=now())
    ).rowcount
    if asked:
        events.append(db, run_id, [("state", {"status": RunStatus.RUNNING, "cancel_requested": True})])
