"""Look at runs, stop them for a while or for good, delete them."""

from collections.abc import Callable

from service.domain import ACTIONS, Event, Run, RunStatus
from service.errors import Conflict, IllegalTransition, NotFound
from service.store import deletion, events, lifecycle, registry, runs
from service.store.unit import Database, Transaction

DELETABLE = [status for status in RunStatus if "delete" in ACTIONS[status]]
NAMED = 5  # models in a message


def find(db: Transaction, run_id: str) -> Run:
    """Return a run, in a transaction of the caller's; raise NotFound."""
    run = runs.get(db, run_id)
    if run is None:
        raise NotFound("run", run_id)
    return run


def allow(run: Run, action: str) -> None:
    """Raise IllegalTransition, which lists what is possible, if the run's status does not allow an action."""
    if action not in ACTIONS[run.status]:
        raise IllegalTransition(action, run.status, ACTIONS[run.status])


def get(database: Database, run_id: str) -> Run:
    """Return a run."""
    return database.read(lambda db: find(db, run_id))


def cancel(database: Database, run_id: str) -> Run:
    """Stop a run: at once if it is queued or paused, at its next commit if it is running. Cancelling twice is once."""
    return _ask(database, run_id, "cancel", lifecycle.cancel)


def pause(database: Database, run_id: str) -> Run:
    """Stop a run for a while: at once if it is queued, at its next commit if it is running. Pausing twice is once."""
    return _ask(database, run_id, "pause", lifecycle.pause)


def _ask(database: Database, run_id: str, action: str, change: Callable[[Transaction, str], None]) -> Run:
    def work(db: Transaction) -> Run:
        change(db, run_id)
        run = find(db, run_id)
        allow(run, action)
        return run

    return database.write(work)


def resume(database: Database, run_id: str) -> Run:
    """Let a paused run go on from its checkpoint; a pause that a running one was asked for is taken back."""

    def work(db: Transaction) -> Run:
        resumed = lifecycle.resume(db, run_id)
        run = find(db, run_id)
        if not resumed:
            allow(run, "resume")
        return run

    return database.write(work)


def delete(database: Database, run_id: str) -> None:
    """Delete a run that no worker has and no named model serves, with its metrics, events and checkpoints.

    It is gone for everybody when this returns. Of a long run most rows are deleted afterwards, by `service/runs/deleting.py`.
    """

    def work(db: Transaction) -> None:
        run = find(db, run_id)
        if serving := registry.names_using(db, run_id, NAMED):
            told = f"the run {run_id} has checkpoints that are versions of a model ({', '.join(serving)})"
            raise Conflict(f"{told}: delete those versions first")
        if not deletion.remove(db, run_id, DELETABLE):
            allow(run, "delete")

    database.write(work)


def news(database: Database, run_id: str, *, after: int, limit: int) -> tuple[Run | None, list[Event]]:
    """Return a run, None if it is gone, and up to `limit` of its events after a sequence number, as of one moment."""
    return database.read(lambda db: (runs.get(db, run_id), events.page(db, run_id, after=after, limit=limit)))


def event_page(database: Database, run_id: str, *, after: int, limit: int) -> list[Event]:
    """Return up to `limit` events of a run after a sequence number."""
    get(database, run_id)
    return database.read(lambda db: events.page(db, run_id, after=after, limit=limit))
