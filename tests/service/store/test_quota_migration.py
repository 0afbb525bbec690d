"""Revision 0007: names are kept with the dataset alone, and go back into its runs; what is there is counted."""

import json
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from service.store import migrate, runs
from service.store.engine import make_writer
from service.store.unit import Database

SPEC = '{"model": {"kind": "mlp"}, "optimizer": {}, "training": {}}'
KEPT = {"examples": 1, "features": ["a", "\N{SNOWMAN}"], "classes": [0, "b"]}
OWN = {"examples": 2, "features": ["x1"], "classes": [0, 1]}
STATEMENTS = (
    """INSERT INTO datasets (id, name, kind, digest, examples, features, classes, class_counts, statistics, size_bytes,
                             created_at, content, owner)
       VALUES ('ds_1', 'a', 'upload', 'sha256:1', 1, :features, :classes, '[]', '[]', 3, '2026-01-01 00:00:00.000000',
               x'010203', 'alice')""",
    """INSERT INTO runs (id, status, dataset, dataset_id, data, spec, spec_digest, model_kind, steps, metrics, tags, created_at,
                         updated_at, priority, attempt, stalled_attempts, cancel_requested, step, last_event, owner)
       VALUES (:id, :status, :dataset, :dataset_id, :data, :spec, 's', 'mlp', 1, '{}', '{}', '2026-01-01 00:00:00.000000',
               '2026-01-01 00:00:00.000000', :priority, 1, 0, 0, 1, 1, :owner)""",
)


def _go(url: str, target: str, move: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: move(config, target))  # type: ignore[operator]
        patched.setattr(migrate, "_check", lambda *_: None)
        migrate.upgrade(url)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a database of revision 0006 with a dataset, a run of it, and a run of a synthetic one."""
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    _go(url, "0006", command.upgrade, monkeypatch)
    engine = make_writer(url)
    kept = {"id": "run_1", "status": "queued", "dataset": '{"kind": "stored", "id": "ds_1"}', "dataset_id": "ds_1"}
    own = {"id": "run_2", "status": "failed", "dataset": '{"kind": "spiral"}', "dataset_id": None}
    with engine.begin() as db:
        names = {name: json.dumps(KEPT[name]) for name in ("features", "classes")}
        db.execute(text(STATEMENTS[0]), names)
        for run, data in ((kept, KEPT), (own, OWN)):
            values = {**run, "data": json.dumps(data), "spec": SPEC, "priority": 3, "owner": "alice"}
            db.execute(text(STATEMENTS[1]), values)
    engine.dispose()
    return url


def _data(url: str) -> list[object]:
    engine = make_writer(url)
    with engine.begin() as db:
        found = [json.loads(data) for data in db.execute(text("SELECT data FROM runs ORDER BY id")).scalars()]
    engine.dispose()
    return found


def test_names_leave_the_runs_and_come_back(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of a kept dataset is read with its names; the row has them again after a downgrade."""
    migrate.upgrade(old)
    assert _data(old) == [{"examples": 1}, OWN]
    database = Database(old)
    found = database.read(lambda db: [runs.get(db, "run_1"), runs.get(db, "run_2")])
    database.close()
    assert [run and run.data for run in found] == [KEPT, OWN]
    _go(old, "0006", command.downgrade, monkeypatch)
    assert _data(old) == [KEPT, OWN]


def test_what_was_there_is_counted_and_ranked(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of each owner begin with what is stored already; priorities of nobody's runs go on to count among all."""
    engine = make_writer(old)
    with engine.begin() as db:
        db.execute(text("UPDATE runs SET owner = '' WHERE id = 'run_2'"))
        for step in range(3):
            db.execute(text("INSERT INTO metrics (run_id, step, loss) VALUES ('run_1', :step, 0.5)"), {"step": step})
            db.execute(
                text(
                    "INSERT INTO checkpoints (id, run_id, step, attempt, kept, digest, weights_digest, size_bytes, created_at,"
                    " state) VALUES ('c' || :step, 'run_2', :step, 1, 1, 'd', 'w', 7, '2026-01-01 00:00:00.000000', x'00')"
                ),
                {"step": step},
            )
        answer = (
            "INSERT INTO idempotency_keys VALUES ('bob', 'k', 'sha256:2', 202, '/v1', '{\"\u2603\":1}', '2026-01-01 00:00:00')"
        )
        db.exec_driver_sql(answer)
    engine.dispose()
    migrate.upgrade(old)
    with (engine := make_writer(old)).begin() as db:
        rows = {
            row["owner"]: {k: v for k, v in row.items() if v and k != "owner"}
            for row in db.execute(text("SELECT * FROM usage")).mappings()
        }
        written = [rows[owner].pop("runs_bytes") for owner in ("alice", "")]
        of_both = (('{"kind": "stored", "id": "ds_1"}', '{"examples":1}'), ('{"kind": "spiral"}', json.dumps(OWN)))
        assert written == [len(dataset) + len(data) + len(SPEC) + len("{}") for dataset, data in of_both]
        assert rows == {
            "alice": {"datasets": 1, "datasets_bytes": 3, "runs": 1, "points": 3},
            "": {"runs": 1, "checkpoints": 3, "checkpoints_bytes": 21},
            "bob": {"answers": 1, "answers_bytes": 9},
        }
        assert db.execute(text("SELECT rank FROM runs ORDER BY id")).scalars().all() == [3, 1003]
        db.execute(text("DELETE FROM runs WHERE id = 'run_2'"))
        assert db.execute(text("SELECT sum(checkpoints), sum(checkpoints_bytes) FROM usage")).one() == (0, 0)
    engine.dispose()
    _go(old, "0006", command.downgrade, monkeypatch)
    migrate.upgrade(old)
