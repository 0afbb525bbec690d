"""Names of features and classes: kept once, with the dataset, and given to each run of it that is read.

Answers kept under idempotency keys lack them too, and have them back, to the byte, when they are given again.
"""

import json
import re
from typing import Any

from sqlalchemy import Connection, Text, bindparam, select, type_coerce
from sqlalchemy.exc import NoResultFound

from service.domain import Run
from service.store.tables import datasets

NAMES = select(type_coerce(datasets.c.features, Text), type_coerce(datasets.c.classes, Text)).where(
    datasets.c.id == bindparam("of_dataset")
)

LARGE_CHARS = 8192
"""An answer of more is looked through for names; one of a run with few has 2,300."""
NAMELESS = re.compile(r'"data":\{"examples":\d+(?=\})')  # in a text that a client wrote, each quote has a backslash before it


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

    def put_back(self, answer: str) -> str:
        """Return the JSON of a run as it was before `taken_out`; any other text as it is."""
        place = NAMELESS.search(answer)
        if place is None:
            return answer
        try:
            names, _ = self._of(json.loads(answer)["dataset"]["id"])
        except NoResultFound:  # the run was deleted, and then the dataset
            return answer
        return answer[: place.end()] + _written(names) + answer[place.end() :]

    def _of(self, dataset_id: str) -> tuple[dict[str, Any], int]:
        if dataset_id not in self._known:
            features, classes = self._db.execute(NAMES, {"of_dataset": dataset_id}).one()  # no run outlives its dataset
            names = {"features": json.loads(features), "classes": json.loads(classes)}
            self._known[dataset_id] = names, len(features) + len(classes)
        return self._known[dataset_id]


def kept_of(run: Run, dataset_id: str | None) -> dict[str, Any]:
    """Return what a run keeps of its `data`: of a kept dataset only what `Names` does not give back."""
    return run.data if dataset_id is None else {"examples": run.data["examples"]}


def taken_out(answer: str) -> str:
    """Return the JSON of a run of a kept dataset without the names, if they are many; any other text as it is."""
    if len(answer) < LARGE_CHARS:
        return answer
    shown = json.loads(answer)
    if shown.get("object") != "run" or shown["dataset"].get("kind") != "stored":
        return answer
    return answer.replace(_written({name: shown["data"][name] for name in ("features", "classes")}), "", 1)


def _written(names: dict[str, Any]) -> str:
    """Write names as they stand in an answer, after `examples`."""
    return "," + json.dumps(names, ensure_ascii=False, separators=(",", ":"))[1:-1]
