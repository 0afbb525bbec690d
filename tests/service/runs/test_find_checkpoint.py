"""A named checkpoint is found by an index, however many a run has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, insert, update
from sqlalchemy.engine import Engine

from core.spec import Spiral, TrainSpec
from service.domain import Checkpoint, Run, now
from service.errors import Conflict, NotFound
from service.runs.predict import find_checkpoint, names_that_stand
from service.runs.serving import versions_of
from service.runs.submit import RunRequest, submit
from service.settings import Settings
from service.store import tables
from service.store.unit import Database

MANY = 500
BEST = 70
PLAIN = {"model": {"kind": "mlp", "hidden_sizes": [8]}, "optimizer": {"kind": "adam"}, "training": {"steps": 60}}


def _queued(database: Database) -> Run:
    return submit(database, Settings(), RunRequest(dataset=Spiral(points_per_class=20), spec=TrainSpec.from_dict(PLAIN)))


@pytest.fixture
def run(database: Database) -> Run:
    """Make a run with a checkpoint at each tenth step."""
    made = _queued(database)
    same = {"run_id": made.id, "attempt": 1, "kept": True, "digest": "sha256:0", "weights_digest": "sha256:0"}
    rows = [
        {**same, "id": f"ckpt_{i}", "step": 10 * i, "size_bytes": 1, "created_at": now(), "state": b"0"} for i in range(MANY)
    ]
    database.write(lambda db: db.execute(insert(tables.checkpoints), rows))
    database.write(lambda db: db.execute(update(tables.runs).where(tables.runs.c.id == made.id).values(best_step=BEST)))
    return replace(made, best_step=BEST)


def _find(database: Database, run: Run, name: str) -> Checkpoint:
    return database.read(lambda db: find_checkpoint(db, run, name))


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements about checkpoints that any engine is sent, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM checkpoints" in statement:
            sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


@pytest.mark.parametrize(("name", "step"), [("latest", 4990), ("best", BEST), ("1230", 1230), ("0", 0), ("ckpt_7", 70)])
def test_one_row_by_an_index(database: Database, run: Run, name: str, step: int) -> None:
    """One statement fetches one row; no plan of it scans the table or sorts it."""
    with _statements() as sent:
        assert _find(database, run, name).step == step

    def look(statement: str, parameters: Any) -> Callable[[Any], tuple[int, str]]:
        def work(db: Any) -> tuple[int, str]:
            rows = db.exec_driver_sql(statement, parameters).fetchall()
            plan = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            return len(rows), " ".join(str(line) for line in plan)

        return work

    ((statement, parameters),) = sent
    rows, plan = database.read(look(statement, parameters))
    assert rows == 1
    assert "SEARCH checkpoints USING INDEX" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    "name", ["1231", "007", "-10", "+10", "1e1", "", "None", "ckpt_no", "9" * 18, "9" * 40, "9" * 5000, "١٠", "\ud800", "a\0b"]
)
def test_a_name_of_nothing(database: Database, run: Run, name: str) -> None:
    """A step is named as it is written; whatever else is not there."""
    with pytest.raises(NotFound):
        _find(database, run, name)


def test_not_of_another_run(database: Database, run: Run) -> None:
    """The id of a checkpoint counts only with its own run, and a run without any says so."""
    assert _find(database, run, "ckpt_3").run_id == run.id
    with pytest.raises(Conflict, match="no checkpoint yet"):
        _find(database, _queued(database), "ckpt_3")


def test_best_before_there_is_one(database: Database, run: Run) -> None:
    """Before the first point is measured there is no best checkpoint."""
    with pytest.raises(NotFound):
        _find(database, replace(run, best_step=None), "best")


def test_steps_out_of_the_index(database: Database, run: Run) -> None:
    """The versions of a run are read out of the index alone."""
    with _statements() as sent:
        assert versions_of(database, run.id) == [10 * i for i in range(MANY)]
    ((statement, parameters),) = sent
    plan = database.read(lambda db: str(db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()))
    assert "USING COVERING INDEX" in plan


def test_names_that_stand(database: Database, run: Run) -> None:
    """Two rows say which names a run has."""
    with _statements() as sent:
        assert names_that_stand(database, run.id) == ["best", "latest"]
    assert len(sent) == 2
    assert names_that_stand(database, _queued(database).id) == []
