"""Revision 0006: what was there before belongs to nobody, and goes back as it was."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from service.store import migrate
from service.store.engine import make_writer

STATEMENTS = """
INSERT INTO datasets (id, name, kind, digest, examples, features, classes, class_counts, statistics, size_bytes, created_at,
                      content)
VALUES ('ds_1', 'a', 'upload', 'sha256:1', 1, '[]', '[]', '[]', '[]', 3, '2026-01-01 00:00:00.000000', x'010203');
INSERT INTO models VALUES ('net', 3, '2026-01-01 00:00:00.000000');
INSERT INTO runs (id, status, dataset, data, spec, spec_digest, model_kind, steps, metrics, tags, created_at, updated_at,
                  priority, attempt, stalled_attempts, cancel_requested, step, last_event)
VALUES ('run_1', 'succeeded', '{}', '{}', '{}', 's', 'mlp', 1, '{}', '{}', '2026-01-01 00:00:00.000000',
        '2026-01-01 00:00:00.000000', 0, 1, 0, 0, 1, 1);
INSERT INTO checkpoints (id, run_id, step, attempt, kept, digest, weights_digest, size_bytes, created_at, state)
VALUES ('ckpt_1', 'run_1', 1, 1, 1, 'd', 'w', 1, '2026-01-01 00:00:00.000000', x'00');
INSERT INTO model_versions VALUES ('net', 3, 'run_1', 'ckpt_1', '2026-01-01 00:00:00.000000');
INSERT INTO model_aliases VALUES ('net', 'production', 3, '2026-01-01 00:00:00.000000');
INSERT INTO idempotency_keys VALUES ('mine', 'sha256:2', 202, '/v1/runs/run_1', '{}', '2026-01-01 00:00:00.000000')
"""


def _go(url: str, target: str, move: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, _: move(config, target))  # type: ignore[operator]
        patched.setattr(migrate, "_check", lambda *_: None)
        migrate.upgrade(url)


def test_models_answers_and_datasets_outlive_the_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model keeps name, versions and aliases; a dataset its bytes; an answer its key, there and back."""
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    _go(url, "0005", command.upgrade, monkeypatch)
    engine = make_writer(url)
    tables = ("datasets", "models", "model_versions", "model_aliases", "idempotency_keys")
    with engine.connect() as db:
        db.exec_driver_sql("COMMIT")
        db.exec_driver_sql("PRAGMA foreign_keys=OFF")
        for statement in STATEMENTS.strip().split(";"):
            db.exec_driver_sql(statement)
    engine.dispose()

    def rows() -> dict[str, dict[str, object]]:
        with engine.begin() as db:
            return {table: dict(db.execute(text(f"SELECT * FROM {table}")).one()._mapping) for table in tables}  # noqa: S608

    before = rows()
    migrate.upgrade(url)
    upgraded = rows()
    assert upgraded["models"] == {
        "id": "net",
        "name": "net",
        "owner": "",
        "last_version": 3,
        "created_at": "2026-01-01 00:00:00.000000",
    }
    assert upgraded["idempotency_keys"] == {"owner": "", **before["idempotency_keys"]}
    assert upgraded["datasets"] == {"owner": "", **before["datasets"]}
    assert list(upgraded["datasets"])[-1] == "content"
    _go(url, "0005", command.downgrade, monkeypatch)
    assert rows() == before
    engine.dispose()
