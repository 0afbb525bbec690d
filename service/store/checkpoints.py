"""Training states as bytes, verified when they are read."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, select, update

from core.state import TrainState
from service.domain import Checkpoint, new_id, now
from service.store import bulk
from service.store.tables import checkpoints, model_versions

AT_CREATION = 0
"""The attempt of a checkpoint that a run was made with; workers count from 1."""

COLUMNS = [checkpoints.c[name] for name in Checkpoint.__dataclass_fields__]

# Made once, as in runs.py.
OF_RUN = select(*COLUMNS).where(checkpoints.c.run_id == bindparam("of_run"))
PAGES = {
    "asc": OF_RUN.where(checkpoints.c.step > bindparam("after")).order_by(checkpoints.c.step).limit(bindparam("most")),
    "desc": OF_RUN.where(checkpoints.c.step < bindparam("after")).order_by(checkpoints.c.step.desc()).limit(bindparam("most")),
}
LAST_STEP = 2**63 - 1
ALL = OF_RUN.order_by(checkpoints.c.step)
LATEST = OF_RUN.order_by(checkpoints.c.step.desc()).limit(1)
BY_STEP = OF_RUN.where(checkpoints.c.step == bindparam("at"))
STEPS = select(checkpoints.c.step).where(checkpoints.c.run_id == bindparam("of_run")).order_by(checkpoints.c.step)
BY_ID = OF_RUN.where(checkpoints.c.id == bindparam("named"))
MAKE_WAY = delete(checkpoints).where(
    checkpoints.c.run_id == bindparam("of_run"),
    checkpoints.c.kept.is_(False),
    checkpoints.c.step < bindparam("latest"),
    checkpoints.c.step != bindparam("best"),
    ~select(model_versions.c.version).where(model_versions.c.checkpoint_id == checkpoints.c.id).exists(),
)
ADD_SAMPLE = (
    update(checkpoints)
    .where(checkpoints.c.run_id == bindparam("of_run"), checkpoints.c.step == bindparam("at"), checkpoints.c.sample.is_(None))
    .values(sample=bindparam("written"))
)


@dataclass(frozen=True)
class Snapshot:
    """A training state on its way into the database, with all that can be said before the database is locked for it."""

    id: str
    step: int
    state: bytes
    digest: str
    weights_digest: str
    kept: bool
    """Whether it is a milestone, which stays."""
    sample: str | None = None

    @classmethod
    def of(cls, state: TrainState, *, kept: bool, sample: str | None = None) -> "Snapshot":
        """Freeze a state as it is now; `sample` is what the model wrote with it."""
        content = state.to_bytes()
        return cls(new_id("ckpt"), state.step, content, digest_of(content), state.weights_digest, kept, sample)


def save(db: Connection, run_id: str, attempt: int, snapshots: list[Snapshot], *, best_step: int | None) -> list[Checkpoint]:
    """Store snapshots, oldest first; of the others, only milestones, the best, and those that a named model serves stay."""
    if not snapshots:
        return []
    latest = max(snapshot.step for snapshot in snapshots)
    db.execute(MAKE_WAY, {"of_run": run_id, "latest": latest, "best": -1 if best_step is None else best_step})
    moment = now()
    saved = [
        Checkpoint(
            id=snapshot.id,
            run_id=run_id,
            step=snapshot.step,
            attempt=attempt,
            digest=snapshot.digest,
            weights_digest=snapshot.weights_digest,
            size_bytes=len(snapshot.state),
            sample=snapshot.sample,
            created_at=moment,
        )
        for snapshot in snapshots
    ]
    stamp = bulk.given(db, checkpoints.c.created_at, moment)
    rows = [
        (it.id, run_id, it.step, attempt, it.kept, it.digest, it.weights_digest, len(it.state), it.sample, stamp, it.state)
        for it in snapshots
    ]
    bulk.insert(db, checkpoints, rows)
    return saved


def add_samples(db: Connection, run_id: str, samples: dict[int, str]) -> None:
    """Give stored checkpoints, by their steps, the samples that they lack."""
    if samples:
        db.execute(ADD_SAMPLE, [{"of_run": run_id, "at": step, "written": text} for step, text in samples.items()])


def digest_of(state: bytes) -> str:
    """Return the digest that names a state."""
    return "sha256:" + hashlib.sha256(state).hexdigest()


def all_of(db: Connection, run_id: str) -> list[Checkpoint]:
    """Return the checkpoints of a run in the order of their steps."""
    return [Checkpoint(**row._mapping) for row in db.execute(ALL, {"of_run": run_id})]  # noqa: SLF001


def page(db: Connection, run_id: str, *, after_step: int | None, limit: int, order: str) -> list[Checkpoint]:
    """Return up to `limit` checkpoints of a run in the order of their steps, `asc` or `desc`, from behind a step."""
    begin = after_step if after_step is not None else {"asc": -1, "desc": LAST_STEP}[order]
    found = db.execute(PAGES[order], {"of_run": run_id, "after": begin, "most": limit})
    return [Checkpoint(**row._mapping) for row in found]  # noqa: SLF001


def steps_of(db: Connection, run_id: str) -> list[int]:
    """Return the steps of a run's checkpoints, in order, out of their index alone."""
    return list(db.execute(STEPS, {"of_run": run_id}).scalars())


def latest(db: Connection, run_id: str) -> Checkpoint | None:
    """Return the checkpoint of a run with the highest step, or None."""
    return _one(db, LATEST, of_run=run_id)


def at_step(db: Connection, run_id: str, step: int) -> Checkpoint | None:
    """Return the checkpoint of a run at a step, or None."""
    return _one(db, BY_STEP, of_run=run_id, at=step)


def by_id(db: Connection, run_id: str, checkpoint_id: str) -> Checkpoint | None:
    """Return the checkpoint of a run with an id, or None."""
    return _one(db, BY_ID, of_run=run_id, named=checkpoint_id)


def _one(db: Connection, statement: Select[Any], **values: int | str) -> Checkpoint | None:
    row = db.execute(statement, values).one_or_none()
    return None if row is None else Checkpoint(**row._mapping)  # noqa: SLF001


def load(db: Connection, checkpoint: Checkpoint) -> bytes | None:
    """Return the bytes of a checkpoint, or None if they are gone or are not what was stored."""
    state: bytes | None = db.execute(select(checkpoints.c.state).where(checkpoints.c.id == checkpoint.id)).scalar_one_or_none()
    return state if state is not None and digest_of(state) == checkpoint.digest else None
