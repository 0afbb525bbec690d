"""Named models: versions that pin a checkpoint of a run, and aliases, names of versions that can be moved."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, ScalarSelect, Select, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.domain import new_id, now
from service.errors import Conflict
from service.store.owned import nearest, owner_of, visible
from service.store.paging import Part, part
from service.store.tables import checkpoints, model_aliases, model_versions, models, runs

PRODUCTION = "production"
"""The alias that answers when nothing else is asked for."""

MODEL_BYTES, VERSION_BYTES, ALIAS_BYTES = 700, 500, 250
"""What a model takes in an answer, with a name of 100 characters, and each of its versions and aliases."""


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
            models.c.name.label("model"),
            *(model_versions.c[name] for name in ("version", "run_id", "checkpoint_id", "created_at")),
            runs.c.model_kind.label("kind"),
            checkpoints.c.step,
            checkpoints.c.weights_digest,
        )
        .join(models, models.c.id == model_versions.c.model)
        .join(runs, runs.c.id == model_versions.c.run_id)
        .join(checkpoints, checkpoints.c.id == model_versions.c.checkpoint_id)
        .order_by(model_versions.c.version)
    )


def get(db: Connection, name: str) -> NamedModel | None:
    """Return a model, or None."""
    found = _whole(db, db.execute(select(models).where(models.c.id == _id_of(db, name))))
    return found[0] if found else None


def _id_of(db: Connection, name: str) -> ScalarSelect[str]:
    """Select the id of the model that a name stands for: one's own, else nobody's, else for an admin the oldest of others."""
    named = select(models.c.id).where(models.c.name == name, visible(db, models))
    return named.order_by(nearest(db, models), models.c.created_at).limit(1).scalar_subquery()


def page(db: Connection, *, after: str | None, limit: int, descending: bool, most_bytes: int) -> Part[NamedModel]:
    """Return up to `limit` models, and not more than so many bytes of them, in the order of their names."""
    order = (nearest(db, models), models.c.created_at)
    place = func.row_number().over(partition_by=models.c.name, order_by=order).label("place")
    seen = select(models, place).where(visible(db, models)).subquery()
    query = select(seen).where(seen.c.place == 1).order_by(seen.c.name.desc() if descending else seen.c.name).limit(limit + 1)
    if after is not None:
        query = query.where(seen.c.name < after if descending else seen.c.name > after)

    def measure(rows: Sequence[Row[Any]]) -> Iterator[tuple[Row[Any], int]]:
        ids = [row.id for row in rows]
        sizes = dict.fromkeys(ids, MODEL_BYTES)
        for table, size_bytes in ((model_versions, VERSION_BYTES), (model_aliases, ALIAS_BYTES)):
            counted = select(table.c.model, func.count()).where(table.c.model.in_(ids)).group_by(table.c.model)
            for model_id, number in db.execute(counted):
                sizes[model_id] += number * size_bytes
        return ((row, sizes[row.id]) for row in rows)

    chosen = part(db.execute(query).all(), limit, most_bytes, measure)
    return Part(_whole(db, chosen.rows), chosen.more)


def _whole(db: Connection, rows: Iterable[Row[Any]]) -> list[NamedModel]:
    found = {row.id: row for row in rows}
    name_of = {row.name: row.id for row in found.values()}
    versions: dict[str, list[ModelVersion]] = {model_id: [] for model_id in found}
    for row in db.execute(_versions().where(model_versions.c.model.in_(found))):
        versions[name_of[row.model]].append(ModelVersion(**row._mapping))  # noqa: SLF001
    aliases: dict[str, dict[str, int]] = {model_id: {} for model_id in found}
    for row in db.execute(select(model_aliases).where(model_aliases.c.model.in_(found)).order_by(model_aliases.c.alias)):
        aliases[row.model][row.alias] = row.version
    return [
        NamedModel(name=row.name, created_at=row.created_at, aliases=aliases[row.id], versions=versions[row.id])
        for row in found.values()
    ]


def get_version(db: Connection, name: str, version: int) -> ModelVersion | None:
    """Return a version of a model, or None."""
    query = _versions().where(model_versions.c.model == _id_of(db, name), model_versions.c.version == version)
    row = db.execute(query).one_or_none()
    return None if row is None else ModelVersion(**row._mapping)  # noqa: SLF001


def version_of(db: Connection, name: str, run_id: str, checkpoint_id: str) -> int:
    """Return the number of the version with a checkpoint; it is the next one, in a new model the first, if there is none.

    The model is always one's own: what others see under the name does not change.
    """
    own = (models.c.name == name, models.c.owner == owner_of(db))
    model_id = db.execute(select(models.c.id).where(*own)).scalar_one_or_none() or new_id("model")
    same = (model_versions.c.model == model_id, model_versions.c.checkpoint_id == checkpoint_id)
    there: int | None = db.execute(select(model_versions.c.version).where(*same)).scalar_one_or_none()
    if there is not None:
        return there
    counted = update(models).where(models.c.id == model_id).values(last_version=models.c.last_version + 1)
    version: int | None = db.execute(counted.returning(models.c.last_version)).scalar_one_or_none()
    if version is None:
        version = 1
        values = {"id": model_id, "name": name, "owner": owner_of(db), "last_version": version, "created_at": now()}
        db.execute(insert(models).values(**values))
    row = {"model": model_id, "version": version, "run_id": run_id, "checkpoint_id": checkpoint_id, "created_at": now()}
    db.execute(insert(model_versions).values(**row))
    return version


def point(db: Connection, name: str, alias: str, version: int) -> bool:
    """Let an alias stand for a version; return whether the alias is new."""
    model_id = select(models.c.id).where(models.c.name == name, models.c.owner == owner_of(db)).scalar_subquery()
    there = (model_aliases.c.model == model_id, model_aliases.c.alias == alias)
    values = {"version": version, "updated_at": now()}
    if db.execute(update(model_aliases).where(*there).values(**values)).rowcount:
        return False
    db.execute(insert(model_aliases).values(model=model_id, alias=alias, **values))
    return True


def remove_alias(db: Connection, name: str, alias: str) -> bool:
    """Take an alias away; return whether there was one."""
    gone = delete(model_aliases).where(model_aliases.c.model == _id_of(db, name), model_aliases.c.alias == alias)
    return db.execute(gone).rowcount == 1


def remove_version(db: Connection, name: str, version: int) -> bool:
    """Delete a version; return whether there was one. Raise Conflict if an alias stands for it."""
    gone = delete(model_versions).where(model_versions.c.model == _id_of(db, name), model_versions.c.version == version)
    try:
        return db.execute(gone).rowcount == 1
    except IntegrityError as error:
        raise Conflict(f"an alias stands for version {version} of the model {name}: move or delete it first") from error


def remove(db: Connection, name: str) -> bool:
    """Delete a model with its aliases and versions; return whether there was one."""
    model_id = db.execute(select(_id_of(db, name))).scalar_one_or_none()
    db.execute(delete(model_aliases).where(model_aliases.c.model == model_id))
    db.execute(delete(model_versions).where(model_versions.c.model == model_id))
    return db.execute(delete(models).where(models.c.id == model_id)).rowcount == 1


def names_using(db: Connection, run_id: str, limit: int) -> list[str]:
    """Return the names of models with a version that is a checkpoint of a run; "…" for one that is not seen."""
    shown = case((visible(db, models), models.c.name), else_="…").label("name")
    using = select(shown).distinct().join(model_versions, model_versions.c.model == models.c.id)
    return list(db.execute(using.where(model_versions.c.run_id == run_id).order_by(shown).limit(limit)).scalars())
