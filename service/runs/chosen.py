"""Points of the curves of a run, chosen to be shown, and read some at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.types import Floats, Ints, never
from service.domain import Run
from service.runs.control import find
from service.runs.kept_curves import CurveCache
from service.runs.sample import steps_to_keep
from service.store import metrics
from service.store.curves import Curves
from service.store.unit import Database, Transaction

NUMBER_BYTES = 8
Notes = dict[str, list[tuple[int, str]]]


@dataclass(frozen=True)
class Asked:
    """Which points of which series: those between two steps, both included; if there are more than `max_points`, some."""

    run_id: str
    series: tuple[str, ...]
    from_step: int | None = None
    to_step: int | None = None
    max_points: int | None = None


@dataclass(frozen=True)
class Chosen:
    """The points that were chosen."""

    run: Run
    names: list[str]
    """The series that have a point among them."""
    nonfinite: Notes
    """For each series that has any, the points that are not finite: step, and `nan`, `inf` or `-inf`."""
    count: int
    total_points: int
    """Points of the whole run."""
    downsampled: bool
    """Whether points between the two steps were left out."""
    blocks: Callable[[Sequence[str]], Iterator[Curves]]
    """Yields the values of some series, some points at a time; raise NotFound if the run was deleted meanwhile."""


def choose(database: Database, asked: Asked, cache: CurveCache | None = None, over: Callable[[], bool] = never) -> Chosen:
    """Choose points. Curves that are too large for the cache are read from the database, some at a time, as often as needed.

    Without a cache they are held as a whole. Raise Interrupted once it is `over`.
    """

    def work(db: Transaction) -> Chosen | tuple[Run, Curves]:
        run, last = find(db, asked.run_id), metrics.last_step(db, asked.run_id)
        kept = cache.get(key) if cache is not None else None
        if kept is not None and kept.last_step >= last:
            return run, kept.between(None, last)  # another thread may have kept what came after our look at the run
        names = [name for name in asked.series if name in run.metrics]
        size_bytes = metrics.stored_count(db, run.id) * (1 + len(names)) * NUMBER_BYTES
        if cache is not None and size_bytes > cache.most_bytes_of_one:
            return _large(database, db, asked, run, names, last, over)
        read = metrics.history(db, run.id, names, after=None if kept is None else kept.last_step)
        return run, read if kept is None else kept.then(read)

    key = (asked.run_id, asked.series)
    found = database.read(work)
    if isinstance(found, Chosen):
        return found
    run, whole = found
    if cache is not None:
        cache.put(key, whole)
    return _of_kept(run, whole, asked, over)


def _of_kept(run: Run, whole: Curves, asked: Asked, over: Callable[[], bool]) -> Chosen:
    """Choose from curves in memory."""
    curves = whole.between(asked.from_step, asked.to_step)
    chosen, names = curves, list(curves.series)
    if asked.max_points is not None and asked.max_points < len(curves):
        blocks = partial(_numbers, lambda: curves.blocks(names, metrics.BLOCK))
        chosen = curves.take(
            np.searchsorted(curves.steps, steps_to_keep(blocks, _always(curves.nonfinite), asked.max_points, over))
        )
    present = [
        name for name in asked.series if name in curves.nonfinite or (name in names and np.isfinite(chosen.series[name]).any())
    ]
    return _in_memory(run, present, chosen, len(whole), downsampled=len(chosen) < len(curves))


def _large(
    database: Database, db: Transaction, asked: Asked, run: Run, names: list[str], last: int, over: Callable[[], bool]
) -> Chosen:
    """Choose from curves that stay in the database, in a transaction that sees them as of one moment."""
    after = None if asked.from_step is None else asked.from_step - 1
    to_step = last if asked.to_step is None else min(asked.to_step, last)
    count = metrics.count(db, run.id, after=after, to_step=to_step)
    total = count if after is None and to_step == last else metrics.count(db, run.id)
    if asked.max_points is not None and asked.max_points < count:
        notes = metrics.nonfinite(db, run.id, names, after=after, to_step=to_step)
        blocks = partial(_numbers, lambda: metrics.blocks(db, run.id, names, after=after, to_step=to_step))
        curves = metrics.at(db, run.id, names, steps_to_keep(blocks, _always(notes), asked.max_points, over))
        present = [name for name in names if name in notes or np.isfinite(curves.series[name]).any()]
        return _in_memory(run, present, curves, total, downsampled=True)
    notes = metrics.nonfinite(db, run.id, names, after=after, to_step=to_step)
    present = [name for name in names if name in notes or metrics.has(db, run.id, name, after=after, to_step=to_step)]
    stored = partial(_stored, database, run.id, after, to_step)
    return Chosen(run, present, notes, count, total, downsampled=False, blocks=stored)


def _in_memory(run: Run, present: list[str], curves: Curves, total: int, *, downsampled: bool) -> Chosen:
    def blocks(names: Sequence[str]) -> Iterator[Curves]:
        return curves.blocks(names, metrics.BLOCK)

    return Chosen(run, present, curves.nonfinite, len(curves), total, downsampled, blocks)


def _stored(database: Database, run_id: str, after: int | None, to_step: int, names: Sequence[str]) -> Iterator[Curves]:
    """Yield points, each time in a transaction of its own: none is open while a client reads. No stored point changes."""

    def work(db: Transaction) -> Curves:
        find(db, run_id)  # else a deleted run, whose points go in pieces, would have gaps
        return metrics.history(db, run_id, names, after=after, to_step=to_step, limit=metrics.BLOCK)

    while len(part := database.read(work)):
        yield part
        after = part.last_step


def _numbers(blocks: Callable[[], Iterator[Curves]]) -> Iterator[tuple[Ints, Floats]]:
    for block in blocks():
        yield block.steps, np.array(list(block.series.values())).reshape(-1, len(block))


def _always(notes: Notes) -> set[int]:
    return {step for some in notes.values() for step, _ in some}
