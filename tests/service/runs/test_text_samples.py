"""Samples of a model of text: milestones, the best and the end have one, whenever the run was committed or cut off."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import update

from core.data.text import Corpus
from core.errors import Diverged
from core.problem import Problem
from core.spec import Text, TrainSpec
from core.state import TrainState
from core.train import quiet, train
from core.types import Point
from service.domain import Checkpoint, Run, RunStatus
from service.runs import control, execute, text_samples
from service.runs.extend import extend
from service.runs.fork import ForkRequest, fork
from service.runs.predict import checkpoints_of
from service.runs.submit import RunRequest, submit
from service.runs.verify import verify
from service.settings import Settings
from service.store import lifecycle, tables
from service.store.unit import Database

SETTINGS = Settings()
B_THEN_C = "b" * 320 + "c" * 280 + "b" * 150
"""What is held out is like the beginning: from step 32 on each step makes the held-out loss much worse, on any CPU."""
BEST, STEPS, NEVER = 30, 50, 1000


def _submit(database: Database, **training: Any) -> Run:
    plain = {
        "model": {"kind": "char_rnn", "hidden_size": 8, "sequence_length": 10},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1},
        "training": {"steps": STEPS, "log_every": 10, "checkpoint_every": NEVER, "validation_fraction": 0.2, **training},
    }
    return submit(database, SETTINGS, RunRequest(dataset=Text(text=B_THEN_C), spec=TrainSpec.from_dict(plain)))


def _attempt(
    database: Database, run: Run, look: Callable[[], Any] = lambda: None, *, stop_after: float = 1e9, interval: float = 0.0
) -> Run:
    """Let a worker take the run and commit at each step; it looks before each, and is asked to stop after so many."""
    ((run_id, number),) = database.write(lambda db: lifecycle.claim(db, 1))
    assert run_id == run.id
    asked = iter(range(10**9))

    def stopping() -> bool:
        look()
        return next(asked) >= stop_after

    execute.execute(database, run_id, number, commit_interval_seconds=interval, stopping=stopping)
    return control.get(database, run.id)


@dataclass(frozen=True)
class Undisturbed:
    """What the bare core makes of a run: what the model writes at each step, and the step of the best point."""

    samples: list[str]
    best_step: int


def _undisturbed(run: Run) -> Undisturbed:
    problem = Problem(TrainSpec.from_dict(run.spec), Corpus.of(B_THEN_C))
    state = problem.begin()
    samples, losses = [], {}
    with quiet():
        for point in train(problem, state):
            samples.append(str(problem.sample(state)))
            if point:
                losses[point.step] = point.metrics["val_loss"]
    return Undisturbed(samples, min(losses, key=losses.__getitem__))


def _saved(database: Database, run: Run) -> list[Checkpoint]:
    return checkpoints_of(database, run.id, None, 1000, "asc").rows


def _samples(database: Database, run: Run) -> dict[int, str | None]:
    saved = _saved(database, run)
    assert len({checkpoint.step for checkpoint in saved}) == len(saved)
    return {checkpoint.step: checkpoint.sample for checkpoint in saved}


def _forget_samples(database: Database, run: Run) -> None:
    database.write(
        lambda db: db.execute(update(tables.checkpoints).where(tables.checkpoints.c.run_id == run.id).values(sample=None))
    )


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a sample take a second, and all else no time; return the steps at which the model wrote."""
    seconds, written = [0.0], []
    real = Problem.sample

    def sample(problem: Problem, state: TrainState) -> str | None:
        seconds[0] += 1
        written.append(state.step)
        return real(problem, state)

    monkeypatch.setattr(Problem, "sample", sample)
    monkeypatch.setattr(text_samples, "thread_time", lambda: seconds[0])
    return written


@pytest.mark.parametrize("interval", [0.0, 60.0])
@pytest.mark.parametrize(("every", "milestones"), [(NEVER, {0}), (10, {0, 10, 20, 30, 40, 50}), (20, {0, 20, 40})])
def test_the_best_has_a_sample_be_it_a_milestone_or_not(
    database: Database, every: int, milestones: set[int], interval: float
) -> None:
    """Each checkpoint that an ended run keeps has what the model wrote just there, and there is one of each step."""
    run = _attempt(database, _submit(database, checkpoint_every=every), interval=interval)
    expected = _undisturbed(run)
    assert run.best_step == expected.best_step == BEST
    assert _samples(database, run) == {step: expected.samples[step] for step in milestones | {BEST, STEPS}}
    assert len(set(expected.samples[::10])) == STEPS // 10 + 1


def test_a_best_that_is_the_end_has_one(database: Database) -> None:
    """A run that is best where it ends has one checkpoint there."""
    run = _attempt(database, _submit(database, steps=BEST))
    expected = _undisturbed(run)
    assert run.best_step == BEST
    assert _samples(database, run) == {step: expected.samples[step] for step in (0, BEST)}


@pytest.mark.parametrize("every", [1, 2, 7, 13, 29])
def test_a_run_given_back_again_and_again_has_the_same_samples(database: Database, every: int) -> None:
    """Where a run was cut off and when it was committed does not show in what stands beside its checkpoints."""
    run = _submit(database)
    while not run.terminal:
        run = _attempt(database, run, stop_after=every)
    expected = _undisturbed(run)
    assert run.attempt > 1
    assert _samples(database, run) == {step: expected.samples[step] for step in (0, BEST, STEPS)}


def test_the_best_has_its_sample_while_the_run_trains(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new best comes with its sample in the same commit."""
    monkeypatch.setattr(text_samples, "REST", 0)
    run = _submit(database, log_every=1)
    expected = _undisturbed(run).samples
    seen: set[int | None] = set()

    def look() -> None:
        found = checkpoints_of(database, run.id, None, 1000, "asc")
        best = [checkpoint for checkpoint in found.rows if checkpoint.step == found.named["best"]]
        seen.update(checkpoint.step for checkpoint in best)
        assert all(checkpoint.sample == expected[checkpoint.step] for checkpoint in best)

    _attempt(database, run, look)
    assert len(seen) > 20


class Killed(Exception):
    """Stands for a worker that dies at this instant."""


def _die_after(calls: int) -> Callable[[], None]:
    left = iter(range(calls))

    def look() -> None:
        if next(left, None) is None:
            raise Killed

    return look


def test_a_sample_that_takes_long_is_made_seldom_and_never_missed(database: Database, slow: list[int]) -> None:
    """Of one best after the other only the last writes, and so it is if the run is cut off, dies or diverges."""
    run = _attempt(database, _submit(database, log_every=1))
    assert slow == [0, 1, STEPS, run.best_step]
    expected = _undisturbed(run)
    kept = {step: expected.samples[step] for step in (0, expected.best_step, STEPS)}
    assert run.best_step == expected.best_step > 20
    assert _samples(database, run) == kept

    again = _submit(database, log_every=1)
    with pytest.raises(Killed):
        _attempt(database, again, _die_after(40))
    assert _samples(database, again)[expected.best_step] is None
    database.write(lambda db: lifecycle.release(db, again.id, 1, why="died", stalled=False))
    again = _attempt(database, again, stop_after=2)
    assert (again.status, _samples(database, again)[expected.best_step]) == (RunStatus.QUEUED, kept[expected.best_step])
    assert _samples(database, _attempt(database, again)) == kept


def test_a_run_that_fails_or_waits_has_the_sample_of_its_best(
    database: Database, slow: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause and a loss that is no longer finite end an attempt too."""
    assert slow == []
    run = _submit(database)
    expected = _undisturbed(run).samples
    slow.clear()
    run = _attempt(database, run, lambda: None, stop_after=35)
    assert _samples(database, run) == {0: expected[0], BEST: expected[BEST], run.step: None}

    def diverging(problem: Problem, state: TrainState, *asked: Callable[[], bool]) -> Iterator[Point | None]:
        for point in train(problem, state, *asked):
            yield point
            if state.step == run.step + 5:
                raise Diverged(state.step, "Why", "try less")

    monkeypatch.setattr(execute, "train", diverging)
    _forget_samples(database, run)
    failed = _attempt(database, run, interval=60.0)
    assert failed.status is RunStatus.FAILED
    assert _samples(database, failed)[BEST] == expected[BEST]


def test_a_run_of_an_earlier_version_goes_on_with_a_sample_of_its_best(database: Database) -> None:
    """It was stored without; the first commit of the next attempt adds it."""
    run = _attempt(database, _submit(database), stop_after=35)
    _forget_samples(database, run)
    assert run.best_step == BEST
    run = _attempt(database, run)
    expected = _undisturbed(run).samples
    assert _samples(database, run) == {0: None, BEST: expected[BEST], STEPS: expected[STEPS]}


def test_a_cancelled_run_has_a_sample_of_its_end(database: Database) -> None:
    """The commit at which its worker hears of it has stored the state already."""
    run = _submit(database)
    calls = iter(range(1000))
    run = _attempt(database, run, lambda: control.cancel(database, run.id) if next(calls) == 43 else None)
    expected = _undisturbed(run).samples
    assert (run.status, run.step > BEST) == (RunStatus.CANCELLED, True)
    assert _samples(database, run) == {step: expected[step] for step in (0, BEST, run.step)}


def test_a_run_made_from_another_has_its_samples(database: Database) -> None:
    """Those of the checkpoints that it begins with, before a worker has taken it, and at its end those of one long run."""
    short = _attempt(database, _submit(database))
    written = _samples(database, short)
    longer = extend(database, SETTINGS, short.id, 55, None)
    assert _samples(database, longer) == {step: written[step] for step in (BEST, STEPS)}
    longer = _attempt(database, longer)
    expected = _undisturbed(longer).samples
    assert _samples(database, longer) == {step: expected[step] for step in (BEST, STEPS, 55)}

    forked = fork(database, SETTINGS, short.id, ForkRequest(checkpoint="best", overrides={"training": {"steps": 40}}))
    assert _samples(database, forked) == {BEST: written[BEST]}
    forked = _attempt(database, forked)
    assert _samples(database, forked)[BEST] == written[BEST]
    again = verify(database, SETTINGS, forked.id)
    assert _samples(database, again) == {BEST: written[BEST]}
    again = _attempt(database, again)
    assert (again.verified, _samples(database, again)) == (True, _samples(database, forked))


def test_a_run_made_from_a_checkpoint_without_a_sample_writes_one(database: Database) -> None:
    """The latest checkpoint of a run that waits has none; for a fork it is where it begins and its best so far."""
    paused = _attempt(database, _submit(database), stop_after=25)
    control.pause(database, paused.id)
    forked = fork(database, SETTINGS, paused.id, ForkRequest(overrides={"training": {"steps": 60}}))
    longer = extend(database, SETTINGS, paused.id, 60, None)
    start = paused.step
    assert _samples(database, forked)[start] is _samples(database, longer)[start] is None
    expected = _undisturbed(paused).samples
    for run in (forked, longer):
        assert _samples(database, _attempt(database, run))[start] == expected[start]


def test_the_events_tell_of_what_stays(database: Database) -> None:
    """A best is told by the points; as a checkpoint it may be gone with the next commit."""
    run = _attempt(database, _submit(database, log_every=1, checkpoint_every=20))
    told = [event.data for event in control.event_page(database, run.id, after=0, limit=1000) if event.kind == "checkpoint"]
    ids = {checkpoint.step: checkpoint.id for checkpoint in _saved(database, run)}
    samples = _samples(database, run)
    assert told == [{"id": ids[step], "step": step, "sample": samples[step]} for step in (0, 20, 40, STEPS)]
