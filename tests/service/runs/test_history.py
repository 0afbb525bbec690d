"""Curves that are kept in memory are those of the database, whatever comes to them."""

import math
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.types import Point
from service.domain import LOSS_SERIES, SERIES
from service.runs import summary
from service.runs.control import find
from service.runs.history import History, history
from service.runs.kept_curves import CurveCache
from service.store import lifecycle, metrics
from service.store.curves import Curves
from service.store.unit import Database, Transaction
from tests.service.records import queue_run

MIB = 1024 * 1024
POINTS = st.lists(st.dictionaries(st.sampled_from(["val_loss", "grad_norm", "update_ratio"]), st.floats(), max_size=3))


def begin(database: Database) -> str:
    """Make a run that trains."""
    run_id = queue_run(database).id
    database.write(lambda db: lifecycle.claim(db, 1000))
    return run_id


def add(database: Database, run_id: str, points: list[Point]) -> None:
    """Store points as a worker does."""

    def work(db: Transaction) -> None:
        short = dict(find(db, run_id).metrics)
        for point in points:
            summary.add(short, point)
        lifecycle.progress(
            db, run_id, 1, step=points[-1].step, steps_per_second=None, training_seconds=0, metrics=short, best_step=None
        )
        metrics.append(db, run_id, points)

    database.write(work)


def same(one: History, other: History) -> bool:
    """Compare, NaN being equal to NaN."""
    return repr(one) == repr(other)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a few points at a time."""
    monkeypatch.setattr(metrics, "BLOCK", 3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=30)
@given(st.lists(POINTS.filter(bool), min_size=1, max_size=4), st.integers(0, 12), st.integers(0, 12), st.integers(2, 9))
def test_reading_on_is_reading_all(
    database: Database, intervals: list[list[dict[str, float]]], first: int, last: int, max_points: int
) -> None:
    """After each interval, what is read on equals what is read anew; series may begin late, and hold anything.

    So do curves that no cache can hold, which are read from the database a few points at a time.
    """
    run_id, cache, step = begin(database), CurveCache(MIB), 0
    for interval in intervals:
        points = [Point(step + 2 * i, {"loss": 1.0, **values}) for i, values in enumerate(interval)]
        step = points[-1].step + 2
        add(database, run_id, points)
        for series in (SERIES, LOSS_SERIES):
            assert same(history(database, run_id, series, cache=cache), history(database, run_id, series))
            assert same(history(database, run_id, series, cache=CurveCache(0)), history(database, run_id, series))
            kept, anew, stored = (
                history(database, run_id, series, from_step=first, to_step=last, max_points=max_points, cache=c)
                for c in (cache, None, CurveCache(0))
            )
            assert same(kept, anew)
            assert same(stored, anew)
            assert kept.steps == sorted(kept.steps)
            for name, notes in kept.nonfinite.items():
                at = dict(zip(kept.steps, kept.series[name], strict=True))
                assert [str(at[step]) for step, _ in notes] == [kind for _, kind in notes]


def test_a_look_at_an_earlier_state(database: Database) -> None:
    """Who looked before the last points came does not see them, though another has kept them already."""
    run_id, cache = begin(database), CurveCache(MIB)
    add(database, run_id, [Point(0, {"loss": 1.0}), Point(1, {"loss": math.nan})])
    later = Curves(np.array([0, 1, 2]), {"loss": np.array([1.0, np.nan, np.inf])}, {"loss": [(1, "nan"), (2, "inf")]})
    cache.put((run_id, LOSS_SERIES), later)
    found = history(database, run_id, LOSS_SERIES, cache=cache)
    assert (found.steps, found.total_points, found.nonfinite) == ([0, 1], 2, {"loss": [(1, "nan")]})
    kept = cache.get((run_id, LOSS_SERIES))
    assert kept is not None
    assert len(kept) == 3


def test_no_more_than_so_many_bytes() -> None:
    """The curves that were asked for least recently make way; what is too large by itself is not kept."""
    curves = Curves(np.arange(100), {"loss": np.zeros(100)})
    cache = CurveCache(3 * curves.size_bytes)
    for name in "abc":
        cache.put((name, ()), curves)
    cache.get(("a", ()))
    cache.put(("d", ()), curves)
    assert [name for name in "abcd" if cache.get((name, ()))] == ["a", "c", "d"]
    cache.put(("e", ()), Curves(np.arange(1000), {"loss": np.zeros(1000)}))
    assert cache.get(("e", ())) is None
    assert CurveCache(0).get(("a", ())) is None


def test_many_readers_beside_a_writer(database: Database) -> None:
    """Readers that share a cache see whole curves which only ever grow."""
    run_id, cache, stop = begin(database), CurveCache(MIB), threading.Event()
    add(database, run_id, [Point(0, {"loss": 0.0})])
    wrong: list[object] = []

    def read() -> None:
        seen = 0
        while not stop.is_set():
            found = history(database, run_id, LOSS_SERIES, cache=cache)
            if found.steps != list(range(len(found.steps))) or found.series["loss"] != found.steps or len(found.steps) < seen:
                wrong.append(found)
            seen = len(found.steps)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for step in range(1, 60):
        add(database, run_id, [Point(step, {"loss": float(step)})])
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert history(database, run_id, LOSS_SERIES, cache=cache).total_points == 60


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_point_that_is_not_finite_is_a_point(database: Database, value: float) -> None:
    """A series whose only point is not a finite number is there, with its kind."""
    run_id = begin(database)
    add(database, run_id, [Point(0, {"loss": 1.0}), Point(1, {"loss": 1.0, "grad_norm": value})])
    found = history(database, run_id, SERIES)
    assert repr(found.series["grad_norm"]) == repr([None, value])
    assert found.nonfinite == {"grad_norm": [(1, str(value))]}
