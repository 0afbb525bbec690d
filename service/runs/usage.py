"""What somebody stores, beside what they may; for an admin, what all together do."""

from dataclasses import dataclass

from service.actor import NOBODY
from service.domain import RunStatus
from service.settings import Settings
from service.store import api_keys, runs, usage
from service.store.owned import actor_of, owner_of
from service.store.unit import Database, Transaction


@dataclass(frozen=True, kw_only=True)
class Used:
    """A number of things, the bytes of those that are counted by bytes, and the most of both; None: no limit."""

    count: int
    bytes: int | None = None
    max_count: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is stored, each thing by its name."""

    owner: str
    own: dict[str, Used]
    server: dict[str, Used] | None
    """The same of all owners; None for those who do not see all."""


def look(database: Database, settings: Settings) -> Told:
    """Return what the actor's owner stores, and if the actor sees all, what the server does."""

    def work(db: Transaction) -> Told:
        server = _server(db, settings) if actor_of(db).sees_all else None
        return Told(owner=owner_of(db), own=_own(db, settings), server=server)

    return database.read(work)


def _own(db: Transaction, settings: Settings) -> dict[str, Used]:
    def most(limit: int | None) -> int | None:  # nobody has no limits of their own
        return None if owner_of(db) == NOBODY else limit

    queued, running = (runs.count_of_owner(db, status) for status in (RunStatus.QUEUED, RunStatus.RUNNING))
    return _shown(
        usage.own(db),
        datasets=(most(settings.max_datasets_per_key), most(settings.max_datasets_bytes_per_key)),
        runs=(most(settings.max_runs_per_key), most(settings.max_runs_bytes_per_key)),
        points=most(settings.max_points_per_key),
        checkpoints=most(settings.max_checkpoints_bytes_per_key),
        answers=(most(settings.max_answers_per_key), most(settings.max_answers_bytes_per_key)),
    ) | {
        "queued_runs": Used(count=queued, max_count=most(settings.max_queued_runs_per_key)),
        "running_runs": Used(count=running, max_count=most(settings.max_running_runs_per_key)),
        "api_keys": Used(count=api_keys.count(db, own=True)),
    }


def _server(db: Transaction, settings: Settings) -> dict[str, Used]:
    return _shown(
        usage.total(db),
        datasets=(None, settings.max_datasets_bytes),
        runs=(None, None),
        points=None,
        checkpoints=None,
        answers=(None, settings.max_answers_bytes),
    ) | {
        "queued_runs": Used(count=runs.count(db, RunStatus.QUEUED), max_count=settings.max_queued_runs),
        "running_runs": Used(count=runs.count(db, RunStatus.RUNNING), max_count=settings.workers),
        "api_keys": Used(count=api_keys.count(db)),
    }


Most = tuple[int | None, int | None]


def _shown(
    kept: usage.Usage, *, datasets: Most, runs: Most, points: int | None, checkpoints: int | None, answers: Most
) -> dict[str, Used]:
    return {
        "datasets": Used(count=kept.datasets, bytes=kept.datasets_bytes, max_count=datasets[0], max_bytes=datasets[1]),
        "runs": Used(count=kept.runs, bytes=kept.runs_bytes, max_count=runs[0], max_bytes=runs[1]),
        "points": Used(count=kept.points, max_count=points),
        "checkpoints": Used(count=kept.checkpoints, bytes=kept.checkpoints_bytes, max_bytes=checkpoints),
        "answers": Used(count=kept.answers, bytes=kept.answers_bytes, max_count=answers[0], max_bytes=answers[1]),
    }
