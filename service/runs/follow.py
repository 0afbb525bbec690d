"""What a tracking client wants of runs: the last value of each series, and points with their times."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from service.domain import SERIES, Run
from service.runs import control
from service.store import events, metrics
from service.store.events import Commit
from service.store.unit import Database, Transaction

find = control.get


@dataclass(frozen=True)
class Followed:
    """A run with the last value of each series, which may be NaN or infinite, and the step of the last point."""

    run: Run
    step: int
    last: dict[str, float]


class Timed(NamedTuple):
    """A point of one series. Its time is that of the commit that made it durable."""

    step: int
    value: float
    moment: datetime


def latest(database: Database, runs: Sequence[Run]) -> list[Followed]:
    """Return runs with their last values."""
    rows = database.read(lambda db: metrics.last_points(db, [run.id for run in runs]))
    return [_followed(run, *rows.get(run.id, (0, {}))) for run in runs]


def _followed(run: Run, step: int, values: dict[str, float]) -> Followed:
    """Complete the last point by series that it lacks."""
    known = {name: summary["last"] for name, summary in run.metrics.items() if summary["last"] is not None}
    merged = {**known, **values}
    return Followed(run, step, {name: merged[name] for name in SERIES if name in merged})


def points(database: Database, run_id: str, series: str, *, after_step: int, limit: int | None) -> tuple[list[Timed], bool]:
    """Return up to `limit` points of a series after a step, and whether there are more."""

    def work(db: Transaction) -> tuple[list[Timed], bool]:
        run = control.find(db, run_id)
        if series not in SERIES:
            return [], False
        found = metrics.one_series(db, run_id, series, after_step=after_step, limit=None if limit is None else limit + 1)
        timed = list(_timed(found, events.metric_commits(db, run_id), run))
        return timed[:limit], limit is not None and len(timed) > limit

    return database.read(work)


def all_points(database: Database, run_id: str, series: str, *, after_step: int) -> Iterator[list[Timed]]:
    """Return the points of a series after a step that there are now, some at a time."""

    def begin(db: Transaction) -> tuple[Run, list[Commit], int]:
        return control.find(db, run_id), events.metric_commits(db, run_id), metrics.last_step(db, run_id)

    run, commits, last = database.read(begin)
    found = _pages(database, run_id, series, after_step, last) if series in SERIES else iter([])
    return (list(_timed(points, commits, run)) for points in found)


def _pages(database: Database, run_id: str, series: str, after: int, last: int) -> Iterator[list[tuple[int, float]]]:
    """Yield points up to a step, each page out of a transaction of its own: none is open while a client reads."""

    def read(db: Transaction) -> list[tuple[int, float]]:
        control.find(db, run_id)  # else a run that is deleted meanwhile would have gaps
        return metrics.one_series(db, run_id, series, after_step=after, limit=metrics.BLOCK)

    while found := [(step, value) for step, value in database.read(read) if step <= last]:
        yield found
        after = found[-1][0]


def _timed(points: Sequence[tuple[int, float]], commits: Sequence[Commit], run: Run) -> Iterator[Timed]:
    """Give each point the time of its commit; one that was copied from the run before, the time when this one was made."""
    ends = [commit.to_step for commit in commits]
    for step, value in points:
        at = bisect_left(ends, step)
        ours = at < len(ends) and commits[at].from_step <= step
        yield Timed(step, value, commits[at].moment if ours else run.created_at)
