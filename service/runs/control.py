"""Look at runs, stop them, delete them."""

from service.domain import ACTIONS, TERMINAL, Event, Run, RunStatus
from service.errors import IllegalTransition, NotFound
from service.store import events, lifecycle, runs
from service.store.unit import Database, Transaction


def find(db: Transaction, run_id: str) -> Run:
    """Return a run, in a transaction of the caller's; raise NotFound."""
    run = runs.get(db, run_id)
    if run is None:
        raise NotFound("run", run_id)
    return run


def get(database: Database, run_id: str) -> Run:
    """Return a run."""
    return database.read(lambda db: find(db, run_id))


def page(database: Database, filters: runs.Filters, *, after: str | None, limit: int, newest_first: bool) -> list[Run]:
    """Return up to `limit` runs that pass the filters."""
    return database.read(lambda db: runs.page(db, filters, after=after, limit=limit, newest_first=newest_first))


def cancel(database: Database, run_id: str) -> Run:
    """Stop a run: at once if it is queued, at its next commit if it is running. Cancelling twice is once."""

    def work(db: Transaction) -> Run:
        lifecycle.cancel(db, run_id)
        run = find(db, run_id)
        if run.status in (RunStatus.SUCCEEDED, RunStatus.FAILED):
            raise IllegalTransition("cancel", run.status, ACTIONS[run.status])
        return run

    return database.write(work)


def delete(database: Database, run_id: str) -> None:
    """Delete a run that has ended or was not begun, with its metrics, events and checkpoints."""

    def work(db: Transaction) -> None:
        if runs.remove(db, run_id, TERMINAL | {RunStatus.QUEUED}):
            return
        run = find(db, run_id)
        raise IllegalTransition("delete", run.status, ACTIONS[run.status])

    database.write(work)


def event_page(database: Database, run_id: str, *, after: int, limit: int) -> list[Event]:
    """Return up to `limit` events of a run after a sequence number."""
    get(database, run_id)
    return database.read(lambda db: events.page(db, run_id, after=after, limit=limit))
