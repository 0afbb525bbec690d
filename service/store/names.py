"""Names of features and classes: kept once, with the dataset, and given to each run of it that is read."""

import json
from typing import Any

from sqlalchemy import Connection, Text, bindparam, select, type_coerce

from service.domain import Run
from service.store.tables import datasets

NAMES = select(type_coerce(datasets.c.features, Text), type_coerce(datasets.c.classes, Text)).where(
    datasets.c.id == bindparam("of_dataset")
)


class Names:
    """The names of the datasets of one transaction, each read once: all runs of a page share them."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._known: dict[str, tuple[dict[str, Any], int]] = {}

    def give(self, run: Run) -> int:
        """Complete the `data` of a run that was just read; return the bytes of the names that it did not hold itself."""
        if "features" in run.data or run.dataset.get("kind") != "stored":
            return 0
        names, size_bytes = self._of(run.dataset["id"])
        run.data.update(names)
        return size_bytes

    def _of(self, dataset_id: str) -> tuple[dict[str, Any], int]:
        if dataset_id not in self._known:
            features, classes = self._db.execute(NAMES, {"of_dataset": dataset_id}).one()  # no run outlives its dataset
            names = {"features": json.loads(features), "classes": json.loads(classes)}
            self._known[dataset_id] = names, len(features) + len(classes)
        return self._known[dataset_id]


def kept_of(run: Run, dataset_id: str | None) -> dict[str, Any]:
    """Return what a run keeps of its `data`: of a kept dataset only what `Names` does not give back."""
    return run.data if dataset_id is None else {"examples": run.data["examples"]}
