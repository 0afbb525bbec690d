"""The life of a run: every change of its status is one compare-and-set, and carries the attempt number."""

from typing import Any

from sqlalchemy import Connection, bindparam, case, select, update

from service.domain import TRANSITIONS, RunStatus, StopReason, now
from service.store import events
from service.store.next_runs import next_runs
from service.store.tables import runs

# Made once, as in runs.py.
PROGRESS = (
    update(runs)
    .where(
        runs.c.id == bindparam("of_run"),
        runs.c.attempt == bindparam("of_attempt"),
        runs.c.status == RunStatus.RUNNING,
    )
    .values(
        step=bindparam("done"),
        steps_per_second=bindparam("rate"),
        training_seconds=bindparam("seconds"),
        metrics=bindparam("found"),
        best_step=bindparam("best"),
        updated_at=bindparam("moment"),
        stalled_attempts=case((runs.c.step < bindparam("done"), 0), else_=runs.c.stalled_attempts),
    )
    .returning(runs.c.cancel_requested, runs.c.pause_requested)
)
MOVE = update(runs).where(runs.c.id == bindparam("of_run"), runs.c.status == bindparam("source"))
MOVE_OF_ATTEMPT = MOVE.where(runs.c.attempt == bindparam("of_attempt"))


class Fenced(Exception):
    """The run is no longer this attempt's: another worker took it, or it has ended. The worker must stop."""


def claim(db: Connection, limit: int, of_one_owner: int | None = None) -> list[tuple[str, int]]:
    """Take up to `limit` queued runs in the order of `next_runs`: (id, attempt) of each.

    With `of_one_owner` not more of one owner are running then; of nobody's as many as there are.
    """
    claimed: list[tuple[str, int]] = []
    while len(claimed) < limit and (next_ones := next_runs(db, of_one_owner)):
        for run_id, before, started_at, _ in next_ones:
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
    training_seconds: float,
    metrics: dict[str, Any],
    best_step: int | None,
) -> RunStatus | None:
    """Record how far an attempt has come; return the status that it was asked to stop for, or None.

    Raise Fenced if the run is not the attempt's own.
    """
    done = {"done": step, "rate": steps_per_second, "seconds": training_seconds, "found": metrics, "best": best_step}
    asked = db.execute(PROGRESS, {"of_run": run_id, "of_attempt": attempt, "moment": now(), **done}).one_or_none()
    if asked is None:
        raise Fenced(f"{run_id} attempt {attempt}")
    if asked.cancel_requested:
        return RunStatus.CANCELLED
    return RunStatus.PAUSED if asked.pause_requested else None


def asked(db: Connection, run_id: str, attempt: int) -> RunStatus | None:
    """Return the status that an attempt was asked to stop for, or None; raise Fenced if the run is not its own."""
    wishes = select(runs.c.status, runs.c.attempt, runs.c.cancel_requested, runs.c.pause_requested)
    row = db.execute(wishes.where(runs.c.id == run_id)).one_or_none()
    if row is None or row.attempt != attempt or row.status != RunStatus.RUNNING:
        raise Fenced(f"{run_id} attempt {attempt}")
    if row.cancel_requested:
        return RunStatus.CANCELLED
    return RunStatus.PAUSED if row.pause_requested else None


def finish(
    db: Connection,
    run_id: str,
    attempt: int,
    status: RunStatus,
    reason: StopReason,
    *,
    error: dict[str, Any] | None = None,
    weights_digest: str | None = None,
    verified: bool | None = None,
    why: str | None = None,
) -> None:
    """End a running run for good. Raise Fenced if it is not this attempt's."""
    values: dict[str, Any] = {"error": error, "weights_digest": weights_digest, "verified": verified}
    _own(db, run_id, attempt, status, stop_reason=reason, finished_at=now(), **values)
    told = (
        {"status": status, "stop_reason": reason}
        | ({} if verified is None else {"verified": verified})
        | ({} if why is None else {"why": why})
    )
    events.append(db, run_id, [("state", told)])


def release(db: Connection, run_id: str, attempt: int, *, why: str, stalled: bool) -> None:
    """Let go of a running run, to be resumed from its checkpoint: by the next worker, or on request if a pause was asked for.

    A cancel that was asked for in the meantime wins. Raise Fenced if the run is not this attempt's.
    """
    wishes = (runs.c.cancel_requested, runs.c.pause_requested, runs.c.stalled_attempts)
    asked = db.execute(select(*wishes).where(runs.c.id == run_id)).one_or_none()
    if asked is not None and asked.cancel_requested:
        finish(db, run_id, attempt, RunStatus.CANCELLED, StopReason.CANCELLED, why=why)
        return
    target = RunStatus.PAUSED if asked is not None and asked.pause_requested else RunStatus.QUEUED
    stalls = (0 if asked is None else asked.stalled_attempts) + (1 if stalled else 0)
    _own(db, run_id, attempt, target, stalled_attempts=stalls, pause_requested=False)
    events.append(db, run_id, [("state", {"status": target, "attempt": attempt, "why": why})])


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
    known = {"of_run": run_id, "source": source, "of_attempt": of_attempt}
    changed = {"status": target, "updated_at": now(), **values}
    return db.execute(MOVE if of_attempt is None else MOVE_OF_ATTEMPT, known | changed).rowcount == 1


def cancel(db: Connection, run_id: str) -> None:
    """End a queued or paused run, or ask a running one to stop. Does nothing to one that has ended."""
    reason = StopReason.CANCELLED
    for source in (RunStatus.QUEUED, RunStatus.PAUSED):
        if _move(db, run_id, source, RunStatus.CANCELLED, stop_reason=reason, finished_at=now()):
            events.append(db, run_id, [("state", {"status": RunStatus.CANCELLED, "stop_reason": reason})])
            return
    _ask(db, run_id, "cancel_requested", wanted=True)


def pause(db: Connection, run_id: str) -> None:
    """Pause a queued run, or ask a running one to stop for a while. Does nothing to any other."""
    if _move(db, run_id, RunStatus.QUEUED, RunStatus.PAUSED):
        events.append(db, run_id, [("state", {"status": RunStatus.PAUSED})])
        return
    _ask(db, run_id, "pause_requested", wanted=True)


def resume(db: Connection, run_id: str) -> bool:
    """Queue a paused run, or take back a pause that a running one was asked for; return whether it was either."""
    if _move(db, run_id, RunStatus.PAUSED, RunStatus.QUEUED):
        events.append(db, run_id, [("state", {"status": RunStatus.QUEUED, "why": "it was resumed"})])
        return True
    return _ask(db, run_id, "pause_requested", wanted=False)


def note_environment_changed(db: Connection, run_id: str) -> None:
    """Mark a run as one that went on in another environment than it had before."""
    db.execute(update(runs).where(runs.c.id == run_id).values(environment_changed=True))


def _ask(db: Connection, run_id: str, flag: str, *, wanted: bool) -> bool:
    """Set a flag of a running run for its worker to see; return whether that changed it."""
    change = update(runs).where(runs.c.id == run_id, runs.c.status == RunStatus.RUNNING, runs.c[flag].is_not(wanted))
    changed = db.execute(change.values({flag: wanted, "updated_at": now()})).rowcount == 1
    if changed:
        events.append(db, run_id, [("state", {"status": RunStatus.RUNNING, flag: wanted})])
    return changed
