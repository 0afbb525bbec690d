"""Predict by the name of a model, or by the id of a run as Open Inference Protocol does.

Which checkpoint answers is one read of 7 µs; its model is mostly in the cache. Both can be done on an event loop, without a
thread; `load_served` cannot.
"""

from typing import Any

from service.errors import NotFound
from service.runs import registry
from service.runs.control import find
from service.runs.predict import ModelCache, Trained, find_checkpoint, load
from service.store import checkpoints, served
from service.store.served import Served
from service.store.unit import Database, Transaction

Which = int | str | None
"""A version, an alias, or None for the alias `production`, and without that the newest version."""

MAX_NAME = 100
QUICK = 2_000_000  # multiplications that may hold up an event loop, 3 ms with all that belongs to them


def find_served(database: Database, name: str, which: Which = None) -> Served | None:
    """Return what answers for a name, or None."""
    return served.find(database, name, which)


def load_served(database: Database, cache: ModelCache, name: str, which: Which) -> tuple[Served, Trained]:
    """Return what answers for a name and its model; raise NotFound, or Conflict for a run without a checkpoint.

    Both are looked up in one snapshot: the checkpoint of a run that trains may have made way for the next a moment later.
    """

    def work(db: Transaction) -> tuple[Served, Trained]:
        found = _find(db, name, which)
        run = find(db, found.run_id)
        return found, cache.get(found.checkpoint_id) or load(db, run, find_checkpoint(db, run, found.checkpoint_id))

    found, model = database.read(work)
    cache.put(model.checkpoint.id, model)
    return found, model


def _find(db: Transaction, name: str, which: Which) -> Served:
    if name.startswith("run_") and len(name) <= MAX_NAME:
        checkpoint = find_checkpoint(db, find(db, name), "latest" if which is None else str(which))
        return Served(checkpoint.step, name, checkpoint.id)
    if len(name) > MAX_NAME:
        raise NotFound("model", f"{name[:MAX_NAME]}…")
    model = registry.find_model(db, name)
    numbers: dict[Any, int] = {version.version: version.version for version in model.versions} | model.aliases
    number = model.served.version if which is None else numbers.get(which)
    found = next((version for version in model.versions if version.version == number), None)
    if found is None:
        kind = "alias" if isinstance(which, str) else "version"
        raise NotFound(f"{kind} of the model {name}", str(which))
    return Served(found.version, found.run_id, found.checkpoint_id)


def is_quick(model: Trained, rows: int) -> bool:
    """Return whether so many rows can be classified on an event loop without holding up others."""
    return rows * model.theta.size <= QUICK


def versions_of(database: Database, name: str) -> list[int]:
    """Return the versions of a model, or the steps of the checkpoints of a run."""

    def work(db: Transaction) -> list[int]:
        if name.startswith("run_"):
            return checkpoints.steps_of(db, find(db, name).id)
        return [version.version for version in registry.find_model(db, name).versions]

    return database.read(work)
