"""Submitting a run."""

import pytest

from core.spec import Spiral, Text, TrainSpec
from service.domain import StoredDataset
from service.errors import InvalidInput, QueueFull
from service.runs import datasets, submit
from service.runs.submit import RunRequest
from service.settings import Settings
from service.store.unit import Database
from tests.service.records import queue_run

SPEC = TrainSpec.from_dict({"model": {"kind": "softmax"}})


def test_a_dataset_that_is_deleted_meanwhile_is_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check of a request and its storing the dataset may go: the answer is the same as if it had never been."""
    info, _ = datasets.create(database, Settings(), Spiral(), None)
    real = submit.check

    def check(*given: object) -> object:
        checked = real(*given)  # type: ignore[arg-type]
        datasets.delete(database, info.id)
        return checked

    monkeypatch.setattr(submit, "check", check)
    with pytest.raises(InvalidInput, match=f"there is no dataset '{info.id}'"):
        submit.submit(database, Settings(), RunRequest(dataset=StoredDataset(id=info.id), spec=SPEC))


def test_a_full_queue_refuses_one_more(database: Database) -> None:
    """The number of waiting runs is bounded, and the setting is named."""
    queue_run(database)
    with pytest.raises(QueueFull, match="POSTGRAD_MAX_QUEUED_RUNS"):
        submit.submit(database, Settings(max_queued_runs=1), RunRequest(dataset=Spiral(), spec=SPEC))


def test_a_refused_run_leaves_its_text_behind_nowhere(database: Database) -> None:
    """The text that comes with a run is kept with the run or not at all: a full queue does not fill the disk."""
    queue_run(database)
    request = RunRequest(
        dataset=Text(text="the cat sat on the mat. " * 20), spec=TrainSpec.from_dict({"model": {"kind": "char_rnn"}})
    )
    with pytest.raises(QueueFull):
        submit.submit(database, Settings(max_queued_runs=1), request)
    assert datasets.page(database, after=None, limit=10, newest_first=True, most_bytes=10**6).rows == []
    run = submit.submit(database, Settings(), request)
    (kept,) = datasets.page(database, after=None, limit=10, newest_first=True, most_bytes=10**6).rows
    assert run.dataset == {"kind": "stored", "id": kept.id}


def test_equal_requests_have_equal_digests(database: Database) -> None:
    """The digest of the spec is that of what was asked for, not of when."""
    assert queue_run(database).spec_digest == queue_run(database).spec_digest
    assert queue_run(database).spec_digest != queue_run(database, seed=1).spec_digest
