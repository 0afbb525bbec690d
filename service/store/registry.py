"""Named models: versions that pin a checkpoint of a run, and aliases, names of versions that can be moved."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.domain import now
from service.errors import Conflict
from service.store.tables import checkpoints, model_aliases, model_versions, models, runs

PRODUCTION = "production"
"""The alias that answers when nothing else is asked for."""


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A checkpoint of a run under a name and a number. It never changes, and its checkpoint is kept as long as it is there."""

    model: str
    version: int
    run_id: str
    checkpoint_id: str
    kind: str
    """Kind of the model: softmax, svm, mlp or char_rnn."""
    step: int
    weights_digest: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class NamedModel:
    """A model as it stands: `versions` from the oldest to the newest, at least one; `aliases` with their version."""

    name: str
    created_at: datetime
    aliases: dict[str, int]
    versions: list[ModelVersion]

    @property
    def served(self) -> ModelVersion:
        """The version that answers when none is asked for: that of the alias `production`, else the newest."""
        number = self.aliases.get(PRODUCTION, self.versions[-1].version)
        return next(version for version in self.versions if version.version == number)


def _versions() -> Select[Any]:
    return (
        select(
            *(model_versions.c[name] for name in ("model", "version", "run_id", "checkpoint_id", "created_at")),
            runs.c.model_kind.label("kind"),
            checkpoints.c.step,
            checkpoints.c.weights_digest,
        )
        .join(runs, runs.c.id == model_versions.c.run_id)
        .join(checkpoints, checkpoints.c.id == model_versions.c.checkpoint_id)
        .order_by(model_versions.c.version)
    )


def get(db: Connection, name: str) -> NamedModel | None:
    """Return a model, or None."""
    found = _whole(db, db.execute(select(models).where(models.c.name == name)))
    return found[0] if found else None


def page(db: Connection, *, after: str | None, limit: int, descending: bool) -> list[NamedModel]:
    """Return up to `limit` models in the order of their names."""
    query = select(models).order_by(models.c.name.desc() if descending else models.c.name).limit(limit)
    if after is not None:
        query = query.where(models.c.name < after if descending else models.c.name > after)
    return _whole(db, db.execute(query))


def _whole(db: Connection, rows: Iterable[Row[Any]]) -> list[NamedModel]:
    names = {row.name: row.created_at for row in rows}
    versions: dict[str, list[ModelVersion]] = {name: [] for name in names}
    for row in db.execute(_versions().where(model_versions.c.model.in_(names))):
        versions[row.model].append(ModelVersion(**row._mapping))  # noqa: SLF001
    aliases: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in db.execute(select(model_aliases).where(model_aliases.c.model.in_(names)).order_by(model_aliases.c.alias)):
        aliases[row.model][row.alias] = row.version
    return [
        NamedModel(name=name, created_at=created_at, aliases=aliases[name], versions=versions[name])
        for name, created_at in names.items()
    ]


def get_version(db: Connection, name: str, version: int) -> ModelVersion | None:
    """Return a version of a model, or None."""
    query = _versions().where(model_versions.c.model == name, model_versions.c.version == version)
    row = db.execute(query).one_or_none()
    return None if row is None else ModelVersion(**row._mapping)  # noqa: SLF001


def version_of(db: Connection, name: str, run_id: str, checkpoint_id: str) -> int:
    """Return the number of the version with a checkpoint; it is the next one, in a new model the first, if there is none."""
    same = (model_versions.c.model == name, model_versions.c.checkpoint_id == checkpoint_id)
    there: int | None = db.execute(select(model_versions.c.version).where(*same)).scalar_one_or_none()
    if there is not None:
        return there
    counted = update(models).where(models.c.name == name).values(last_version=models.c.last_version + 1)
    version: int | None = db.execute(counted.returning(models.c.last_version)).scalar_one_or_none()
    if version is None:
        version = 1
        db.execute(insert(models).values(name=name, last_version=version, created_at=now()))
    row = {"model": name, "version": version, "run_id": run_id, "checkpoint_id": checkpoint_id, "created_at": now()}
    db.execute(insert(model_versions).values(**row))
    return version


def point(db: Connection, name: str, alias: str, version: int) -> bool:
    """Let an alias stand for a version; return whether the alias is new."""
    there = (model_aliases.c.model == name, model_aliases.c.alias == alias)
    values = {"version": version, "updated_at": now()}
    if db.execute(update(model_aliases).where(*there).values(**values)).rowcount:
        return False
    db.execute(insert(model_aliases).values(model=name, alias=alias, **values))
    return True


def remove_alias(db: Connection, name: str, alias: str) -> bool:
    """Take an alias away; return whether there was one."""
    gone = delete(model_aliases).where(model_aliases.c.model == name, model_aliases.c.alias == alias)
    return db.execute(gone).rowcount == 1


def remove_version(db: Connection, name: str, version: int) -> bool:
    """Delete a version; return whether there was one. Raise Conflict if an alias stands for it."""
    gone = delete(model_versions).where(model_versions.c.model == name, model_versions.c.version == version)
    try:
        return db.execute(gone).rowcount == 1
    except IntegrityError as error:
        raise Conflict(f"an alias stands for version {version} of the model {name}: move or delete it first") from error


def remove(db: Connection, name: str) -> bool:
    """Delete a model with its aliases and versions; return whether there was one."""
    db.execute(delete(model_aliases).where(model_aliases.c.model == name))
    db.execute(delete(model_versions).where(model_versions.c.model == name))
    return db.execute(delete(models).where(models.c.name == name)).rowcount == 1


def names_using(db: Connection, run_id: str, limit: int) -> list[str]:
    """Return the names of models with a version that is a checkpoint of a run."""
    query = select(model_versions.c.model).distinct().where(model_versions.c.run_id == run_id)
    return list(db.execute(query.order_by(model_versions.c.model).limit(limit)).scalars())
