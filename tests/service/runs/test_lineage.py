"""Pause and resume, extend, fork and verify, without processes: the bits are those of undisturbed runs."""

from dataclasses import asdict
from typing import Any

import pytest

from core.problem import Problem
from core.spec import Spiral, Text, TrainSpec
from core.state import TrainState
from service.domain import SERIES, Checkpoint, Run, RunStatus, StopReason
from service.errors import Conflict, IllegalTransition, InvalidInput, NotFound
from service.runs import control, execute, intervals
from service.runs.environment import fingerprint
from service.runs.extend import extend
from service.runs.fork import ForkRequest, fork
from service.runs.history import history
from service.runs.predict import checkpoints_of, find_checkpoint
from service.runs.submit import RunRequest, submit
from service.runs.verify import verify
from service.settings import Settings
from service.store import attempts, checkpoints, lifecycle, runs
from service.store.unit import Database

DATA = Spiral(points_per_class=20)
MODEL = {"kind": "mlp", "hidden_sizes": [8]}
SETTINGS = Settings()
PLANS: list[dict[str, Any]] = [
    {"log_every": 10},
    {"log_every": 7},
    {"log_every": 7, "batch_size": 16, "validation_fraction": 0.2, "standardize": True},
]


def _run(database: Database, **training: Any) -> Run:
    plain = {"model": MODEL, "optimizer": {"kind": "adam"}, "training": {"steps": 60, **training}}
    return submit(database, SETTINGS, RunRequest(dataset=DATA, spec=TrainSpec.from_dict(plain)))


def _train(database: Database, run: Run, *, pause_after: int | None = None) -> Run:
    """Let a worker take the run, which is asked to pause after a number of steps."""
    ((run_id, number),) = database.write(lambda db: lifecycle.claim(db, 1))
    assert run_id == run.id
    step = iter(range(10**9))

    def watch() -> bool:
        if next(step) == pause_after:
            control.pause(database, run.id)
        return False

    interval = 60.0 if pause_after is None else 0.0
    execute.execute(database, run_id, number, commit_interval_seconds=interval, stopping=watch)
    return control.get(database, run.id)


def _points(database: Database, run: Run) -> tuple[list[int], dict[str, list[float | None]]]:
    found = history(database, run.id, SERIES)
    return found.steps, found.series


def _saved(database: Database, run: Run, name: str) -> Checkpoint:
    return database.read(lambda db: find_checkpoint(db, run, name))


def _state(database: Database, run: Run, name: str = "latest") -> TrainState:
    blob = database.read(lambda db: checkpoints.load(db, find_checkpoint(db, run, name)))
    assert blob is not None
    return TrainState.from_bytes(blob)


@pytest.mark.parametrize("plan", PLANS)
def test_a_run_paused_again_and_again_ends_with_the_same_bits(database: Database, plan: dict[str, Any]) -> None:
    """A pause costs time and nothing else."""
    whole = _train(database, _run(database, **plan))
    run = _run(database, **plan)
    for _ in range(3):
        run = _train(database, run, pause_after=10)
        assert (run.status, run.pause_requested, run.finished_at) == (RunStatus.PAUSED, False, None)
        assert _saved(database, run, "latest").step == run.step > 0
        assert database.write(lambda db: lifecycle.claim(db, 1)) == []
        assert control.resume(database, run.id).status is RunStatus.QUEUED
    run = _train(database, run)
    assert (run.status, run.attempt, run.weights_digest) == (RunStatus.SUCCEEDED, 4, whole.weights_digest)
    assert _points(database, run)[1]["loss"] == _points(database, whole)[1]["loss"]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("first", [35, 40])
def test_an_extended_run_is_one_long_run(database: Database, plan: dict[str, Any], first: int) -> None:
    """Digest, curve, summary and best checkpoint are those of a run of so many steps, also off the grid of points."""
    whole = _train(database, _run(database, **{"steps": 90, **plan}))
    short = _train(database, _run(database, **{"steps": first, **plan}))
    run = extend(database, SETTINGS, short.id, 90, "long")
    assert (run.status, run.step, run.steps, run.name) == (RunStatus.QUEUED, first, 90, "long")
    last = _saved(database, short, "latest")
    assert run.parent == {"run": short.id, "checkpoint": last.id, "step": first, "relation": "extend"}
    run = _train(database, run)
    assert run.weights_digest == whole.weights_digest
    steps, series = _points(database, run)
    expected_steps, expected = _points(database, whole)
    assert steps == expected_steps
    for name in ("loss", "data_loss", "train_accuracy", "val_loss", "learning_rate"):
        assert series.get(name) == expected.get(name)
    assert run.metrics["loss"] == whole.metrics["loss"]
    assert _saved(database, run, "best").weights_digest == _saved(database, whole, "best").weights_digest
    assert control.get(database, short.id) == short  # the parent is as it was


def test_a_run_of_text_is_paused_and_extended_with_the_same_bits(database: Database) -> None:
    """Its hidden state and its place in the text go on too, and it has samples."""

    def queue(steps: int) -> Run:
        plain = {"model": {"kind": "char_rnn", "hidden_size": 6, "sequence_length": 5}}
        spec = TrainSpec.from_dict({**plain, "training": {"steps": steps, "log_every": 10, "batch_size": 2}})
        return submit(database, SETTINGS, RunRequest(dataset=Text(text="the cat sat on the mat. " * 8), spec=spec))

    whole = _train(database, queue(90))
    run = _train(database, queue(40), pause_after=25)
    control.resume(database, run.id)
    run = _train(database, run)
    again = _train(database, verify(database, SETTINGS, run.id))
    assert again.verified is True
    run = _train(database, extend(database, SETTINGS, run.id, 90, None))
    assert run.weights_digest == whole.weights_digest
    assert _points(database, run)[1]["smooth_loss"] == _points(database, whole)[1]["smooth_loss"]
    sample = _saved(database, run, "latest").sample
    assert sample
    assert sample == _saved(database, whole, "latest").sample
    forked = fork(database, SETTINGS, run.id, ForkRequest(overrides={"training": {"steps": 95, "batch_size": 3}}))
    assert _train(database, forked).status is RunStatus.SUCCEEDED
    with pytest.raises(InvalidInput, match=r"overrides\.model\.hidden_size is 7, must stay 6"):
        fork(database, SETTINGS, run.id, ForkRequest(overrides={"model": {"hidden_size": 7}}))


def test_a_run_extended_twice_is_one_long_run(database: Database) -> None:
    """The child of a child has the whole curve."""
    whole = _train(database, _run(database, log_every=10))
    run = _train(database, _run(database, steps=20, log_every=10))
    for steps in (40, 60):
        run = _train(database, extend(database, SETTINGS, run.id, steps, None))
    assert run.weights_digest == whole.weights_digest
    assert _points(database, run)[1]["loss"] == _points(database, whole)[1]["loss"]


def test_a_paused_run_can_be_extended(database: Database) -> None:
    """The paused run stays paused, its extension goes on."""
    whole = _train(database, _run(database, steps=90, log_every=10))
    paused = _train(database, _run(database, log_every=10), pause_after=15)
    run = _train(database, extend(database, SETTINGS, paused.id, 90, None))
    assert run.weights_digest == whole.weights_digest
    assert _points(database, run)[0] == _points(database, whole)[0]
    assert control.get(database, paused.id).status is RunStatus.PAUSED


def test_what_cannot_be_extended(database: Database) -> None:
    """A run that still trains, one without a checkpoint, and a number of steps that is no more."""
    queued = _run(database)
    with pytest.raises(IllegalTransition) as refused:
        extend(database, SETTINGS, queued.id, 100, None)
    assert refused.value.allowed == ("pause", "cancel", "delete")
    control.pause(database, queued.id)
    with pytest.raises(Conflict, match="no checkpoint yet"):
        extend(database, SETTINGS, queued.id, 100, None)
    ended = _train(database, _run(database))
    with pytest.raises(InvalidInput, match="steps is 60, must be greater than 60"):
        extend(database, SETTINGS, ended.id, 60, None)


def test_a_fork_begins_with_the_checkpoint(database: Database) -> None:
    """Its curve begins at the step of the checkpoint with the loss that the parent had there; the memory is kept."""
    parent = _train(database, _run(database, log_every=10, checkpoint_every=20))
    request = ForkRequest(
        checkpoint="40", name="slower", overrides={"optimizer": {"learning_rate": 1e-4}, "training": {"steps": 80}}
    )
    run = fork(database, SETTINGS, parent.id, request)
    assert run.parent == {"run": parent.id, "checkpoint": _saved(database, parent, "40").id, "step": 40, "relation": "fork"}
    assert (run.step, run.steps, run.best_step, run.spec["optimizer"]["beta1"]) == (40, 80, 40, 0.9)
    begin, before = _state(database, run), _state(database, parent, "40")
    assert (begin.theta == before.theta).all()
    assert (begin.slots == before.slots).all()
    run = _train(database, run)
    assert run.status is RunStatus.SUCCEEDED
    steps, series = _points(database, run)
    parent_steps, parent_series = _points(database, parent)
    assert steps == [40, 50, 60, 70, 80]
    assert series["loss"][0] == parent_series["loss"][parent_steps.index(40)]
    assert series["learning_rate"][0] == 1e-4
    assert series["loss"][1:3] != parent_series["loss"][5:]


def test_a_fork_without_changes_goes_on_as_its_parent_did(database: Database) -> None:
    """Forked at a milestone with nothing changed, a run ends with its parent's weights."""
    parent = _train(database, _run(database, log_every=10, checkpoint_every=20, batch_size=16))
    run = _train(database, fork(database, SETTINGS, parent.id, ForkRequest(checkpoint="20")))
    assert run.weights_digest == parent.weights_digest


def test_another_optimizer_begins_without_memory(database: Database) -> None:
    """Another kind has its own defaults and empty slots; the same kind with other slots begins empty too."""
    parent = _train(database, _run(database, log_every=10))
    overrides: dict[str, dict[str, Any]] = {"optimizer": {"kind": "sgd", "momentum": 0.9}, "training": {"steps": 70}}
    run = fork(database, SETTINGS, parent.id, ForkRequest(overrides=overrides))
    assert run.spec["optimizer"]["learning_rate"] == 1.0
    assert (_state(database, run).slots == 0).all()
    assert _train(database, run).status is RunStatus.SUCCEEDED


def test_lineage_outlives_the_parent(database: Database) -> None:
    """A fork of a deleted run is still trained, and still says what it came from."""
    parent = _train(database, _run(database, log_every=10))
    run = fork(database, SETTINGS, parent.id, ForkRequest(overrides={"training": {"steps": 80}}))
    control.delete(database, parent.id)
    run = _train(database, run)
    assert run.status is RunStatus.SUCCEEDED
    assert run.parent is not None
    assert run.parent["run"] == parent.id


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"optimizer": {"learning_rate": -1}}, "overrides.optimizer.learning_rate is -1, must be greater than 0"),
        ({"optimizer": {"lr": 1}}, "overrides.optimizer.lr is not a known field, expected kind, learning_rate"),
        ({"training": {"step": 90}}, r"overrides.training.step is not a known field, did you mean steps\?"),
        ({"model": {"kind": "softmax"}}, "overrides.model.kind is 'softmax', must stay 'mlp'"),
        ({"model": {"hidden_sizes": [9]}}, r"overrides.model.hidden_sizes is \[9\], must stay \[8\]"),
        ({"training": {"dtype": "float64"}}, "overrides.training.dtype is 'float64', must stay 'float32'"),
        ({"training": {"standardize": True}}, "overrides.training.standardize is True, must stay False"),
        ({"training": {"steps": 60}}, "overrides.training.steps is 60, must be greater than 60"),
        ({"training": {"batch_size": 10**6}}, "overrides.training.batch_size is 1000000, must be at most 60"),
        ({"training": {"stratify": True}}, "overrides.training.stratify is True, must stay False"),
    ],
)
def test_what_cannot_be_forked(database: Database, overrides: dict[str, Any], said: str) -> None:
    """What is wrong with an override is told by its path."""
    parent = _train(database, _run(database, validation_fraction=0.0 if "batch_size" in str(overrides) else 0.2))
    with pytest.raises(InvalidInput, match=said) as refused:
        fork(database, SETTINGS, parent.id, ForkRequest(overrides=overrides))
    assert refused.value.problems[0].path[0] == "overrides"


def test_a_fork_of_a_run_without_steps_left_makes_as_many(database: Database) -> None:
    """Without `training.steps`, a fork of a finished run goes on for as many steps as its parent had."""
    parent = _train(database, _run(database))
    run = fork(database, SETTINGS, parent.id, ForkRequest(overrides={"optimizer": {"learning_rate": 0.1}}))
    assert (run.step, run.steps) == (60, 120)


@pytest.mark.parametrize("before", [5, 10, 35])
def test_an_extended_run_goes_on_to_wait(database: Database, before: int) -> None:
    """What early stopping has seen goes on into the longer run: it ends at the same step with the same weights.

    It is extended in the middle of its patience, so many steps before it would have been stopped.
    """
    watched = {"log_every": 10, "validation_fraction": 0.3, "early_stopping": {"patience": 6, "min_delta": 0.02}}
    whole = _train(database, _run(database, steps=4000, **watched))
    assert whole.stop_reason is StopReason.EARLY_STOPPED
    assert whole.step >= 60
    short = _train(database, _run(database, steps=whole.step - before, **watched))
    assert short.stop_reason is StopReason.COMPLETED
    run = _train(database, extend(database, SETTINGS, short.id, 4000, None))
    assert (run.step, run.weights_digest, run.best_step) == (whole.step, whole.weights_digest, whole.best_step)


def test_a_fork_needs_a_checkpoint_that_is_there(database: Database) -> None:
    """A step without a checkpoint is not found."""
    parent = _train(database, _run(database))
    with pytest.raises(NotFound, match="checkpoint '7'"):
        fork(database, SETTINGS, parent.id, ForkRequest(checkpoint="7"))


def test_log_every_alone_can_be_changed(database: Database) -> None:
    """The parent's checkpoint_every was a multiple of its own log_every, and is chosen anew."""
    parent = _train(database, _run(database, log_every=10))
    run = fork(database, SETTINGS, parent.id, ForkRequest(overrides={"training": {"steps": 90, "log_every": 7}}))
    run = _train(database, run)
    assert run.status is RunStatus.SUCCEEDED
    assert _points(database, run)[0] == [63, 70, 77, 84, 90]


@pytest.mark.parametrize("kind", ["plain", "extend", "fork", "verify"])
def test_a_run_is_verified(database: Database, kind: str) -> None:
    """Training again, from where the run began, gives the same weights, and the new run says so."""
    run = _train(database, _run(database, log_every=10, batch_size=16))
    if kind == "extend":
        run = _train(database, extend(database, SETTINGS, run.id, 90, None))
    elif kind == "fork":
        overrides: dict[str, dict[str, Any]] = {"optimizer": {"kind": "sgd"}, "training": {"steps": 90}}
        run = _train(database, fork(database, SETTINGS, run.id, ForkRequest(overrides=overrides)))
    elif kind == "verify":
        run = _train(database, verify(database, SETTINGS, run.id))
    again = verify(database, SETTINGS, run.id)
    assert (again.verified, again.spec_digest) == (None, run.spec_digest)
    assert again.parent is not None
    assert (again.parent["run"], again.parent["relation"]) == (run.id, "verify")
    again = _train(database, again)
    assert (again.status, again.verified) == (RunStatus.SUCCEEDED, True)


def test_other_weights_are_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that does not come to the same weights says that it is not verified."""
    run = _train(database, _run(database))
    again = verify(database, SETTINGS, run.id)
    monkeypatch.setattr(TrainState, "weights_digest", "sha256:other")
    assert _train(database, again).verified is False


def test_only_a_run_that_succeeded_is_verified(database: Database) -> None:
    """Without the weights of the end there is nothing to compare with."""
    run = _run(database)
    control.cancel(database, run.id)
    with pytest.raises(IllegalTransition):
        verify(database, SETTINGS, run.id)


def test_another_environment_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes on with other libraries says so, in its event and for good; what was not asked before is no change."""
    run = _train(database, _run(database), pause_after=10)
    assert not run.environment_changed
    control.resume(database, run.id)
    changed = {**fingerprint(), "numpy": "99", "simd": "none", "kernel": "other", "of a later version": "1"}
    monkeypatch.setattr(intervals, "fingerprint", lambda: changed)
    run = _train(database, run)
    assert run.environment_changed
    told = [event.data for event in control.event_page(database, run.id, after=0, limit=1000) if event.kind == "attempt"]
    assert "environment_changed" not in told[0]
    assert told[1]["environment_changed"] == ["numpy", "simd", "kernel"]
    assert len(database.read(lambda db: attempts.all_of(db, run.id))) == 2


def test_a_queued_run_is_paused_at_once(database: Database) -> None:
    """It can be resumed, cancelled and deleted; pausing twice is once."""
    run = _run(database)
    assert [control.pause(database, run.id).status for _ in range(2)] == [RunStatus.PAUSED] * 2
    assert control.resume(database, run.id).status is RunStatus.QUEUED
    with pytest.raises(IllegalTransition, match="cannot resume a run that is queued"):
        control.resume(database, run.id)
    control.pause(database, run.id)
    assert control.cancel(database, run.id).status is RunStatus.CANCELLED
    for action in (control.pause, control.resume):
        with pytest.raises(IllegalTransition):
            action(database, run.id)
    other = _run(database)
    control.pause(database, other.id)
    control.delete(database, other.id)
    assert database.read(lambda db: runs.get(db, other.id)) is None


def test_cancel_wins_over_pause(database: Database) -> None:
    """Asked for both, in whatever order, a running run is cancelled; also if its worker is lost."""
    for first, second in ((control.pause, control.cancel), (control.cancel, control.pause)):
        run = _run(database)
        ((_, number),) = database.write(lambda db: lifecycle.claim(db, 1))
        first(database, run.id)
        second(database, run.id)
        execute.execute(database, run.id, number, commit_interval_seconds=0.0, stopping=lambda: False)
        assert control.get(database, run.id).status is RunStatus.CANCELLED
        lost = _run(database)
        ((_, number),) = database.write(lambda db: lifecycle.claim(db, 1))
        first(database, lost.id)
        second(database, lost.id)
        database.write(lambda db, lost=lost, number=number: lifecycle.release(db, lost.id, number, why="lost", stalled=True))  # type: ignore[misc]
        assert control.get(database, lost.id).status is RunStatus.CANCELLED


def test_a_pause_is_taken_back(database: Database) -> None:
    """Resume of a run that has not paused yet lets it train on."""
    run = _run(database)
    ((_, number),) = database.write(lambda db: lifecycle.claim(db, 1))
    assert control.pause(database, run.id).pause_requested
    assert not control.resume(database, run.id).pause_requested
    execute.execute(database, run.id, number, commit_interval_seconds=0.0, stopping=lambda: False)
    assert control.get(database, run.id).status is RunStatus.SUCCEEDED


def test_a_sample_is_kept_with_milestones_and_the_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a model of text wrote is in the checkpoint and in its event."""
    monkeypatch.setattr(Problem, "sample", lambda _, state: f"at {state.step}")
    run = _train(database, _run(database, steps=25, log_every=10, checkpoint_every=10))
    saved = checkpoints_of(database, run.id, None, 1000, "asc").rows
    assert {checkpoint.step: checkpoint.sample for checkpoint in saved if checkpoint.step in (0, 10, 20, 25)} == {
        0: "at 0",
        10: "at 10",
        20: "at 20",
        25: "at 25",
    }
    told = [event.data for event in control.event_page(database, run.id, after=0, limit=1000) if event.kind == "checkpoint"]
    assert [(data["step"], data["sample"]) for data in told] == [(0, "at 0"), (10, "at 10"), (20, "at 20"), (25, "at 25")]
    assert asdict(saved[-1])["sample"] == "at 25"
