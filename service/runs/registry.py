"""Give names to what runs have learned. A version pins a checkpoint for as long as it is there; an alias can be moved."""

from dataclasses import dataclass

from service.errors import Conflict, NotFound
from service.runs.control import find
from service.runs.predict import ModelCache, find_checkpoint, load
from service.store import registry
from service.store.paging import Part
from service.store.registry import ModelVersion, NamedModel
from service.store.unit import Database, Transaction


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """An alias with the version that it stands for now; `created`: there was none of this name before."""

    alias: str
    version: ModelVersion
    created: bool


def set_alias(database: Database, cache: ModelCache, name: str, alias: str, run_id: str, checkpoint: str) -> Promotion:
    """Let an alias of a model stand for a checkpoint of a run, also of one that still trains.

    `latest` and `best` mean the checkpoint that is so called now. The same checkpoint is the same version; another one is
    the model's next, and the first makes the model. Raise NotFound, or Conflict if the run has no checkpoint that can be used.
    """

    def work(db: Transaction) -> Promotion:
        run = find(db, run_id)
        found = find_checkpoint(db, run, checkpoint)
        cache.put(found.id, cache.get(found.id) or load(db, run, found))  # one that cannot be read must not begin to answer
        version = registry.version_of(db, name, run_id, found.id)
        created = registry.point(db, name, alias, version)
        return Promotion(alias=alias, version=_version(db, name, version), created=created)

    return database.write(work)


def get(database: Database, name: str) -> NamedModel:
    """Return a model with its versions and aliases."""
    return database.read(lambda db: find_model(db, name))


def find_model(db: Transaction, name: str) -> NamedModel:
    """Return a model, in a transaction of the caller's; raise NotFound."""
    model = registry.get(db, name)
    if model is None:
        raise NotFound("model", name)
    return model


def page(database: Database, *, after: str | None, limit: int, descending: bool, most_bytes: int) -> Part[NamedModel]:
    """Return up to `limit` models, and not more than so many bytes of them, in the order of their names."""
    return database.read(lambda db: registry.page(db, after=after, limit=limit, descending=descending, most_bytes=most_bytes))


def remove_alias(database: Database, name: str, alias: str) -> None:
    """Take an alias away; the version that it stood for stays."""

    def work(db: Transaction) -> None:
        if not registry.remove_alias(db, name, alias):
            find_model(db, name)
            raise NotFound(f"alias of the model {name}", alias)

    database.write(work)


def remove_version(database: Database, name: str, version: int) -> None:
    """Delete a version, so that its run can be deleted; its number is not used again."""

    def work(db: Transaction) -> None:
        model = find_model(db, name)
        if [there.version for there in model.versions] == [version]:
            raise Conflict(f"version {version} is the only one of the model {name}: delete the model instead")
        if not registry.remove_version(db, name, version):
            raise NotFound(f"version of the model {name}", str(version))

    database.write(work)


def remove(database: Database, name: str) -> None:
    """Delete a model with its versions and aliases; the runs are not touched."""

    def work(db: Transaction) -> None:
        if not registry.remove(db, name):
            raise NotFound("model", name)

    database.write(work)


def _version(db: Transaction, name: str, version: int) -> ModelVersion:
    found = registry.get_version(db, name, version)
    if found is None:
        raise NotFound(f"version of the model {name}", str(version))
    return found
