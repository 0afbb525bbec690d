"""Keep datasets, and turn what a run refers to into examples."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.arrays import MAGIC, pack, unpack
from core.data import synthetic
from core.data.dataset import Dataset
from core.data.text import Corpus
from core.errors import DataError
from core.fields import read
from core.spec import DataSpec, SyntheticSpec, Text
from service.domain import DatasetInfo, Run, StoredDataset, new_id, now
from service.errors import Conflict, FieldProblem, InvalidInput, NotFound, TooLarge
from service.runs import quotas, texts
from service.runs.names import check_names
from service.settings import Settings
from service.store import datasets as store
from service.store import room
from service.store.paging import Part
from service.store.unit import Also, Database, Transaction, nothing

DatasetRef = DataSpec | StoredDataset
Kept = tuple[DatasetInfo, bool]
"""A dataset, and whether it is new."""

BYTES_A_VALUE = 24  # float64, while it is made and copied


@dataclass(frozen=True)
class Description:
    """What a dataset holds, known without its examples; `text` says that it is a text, whose examples are characters."""

    examples: int
    features: list[str]
    classes: list[str | int]
    class_counts: list[int]
    text: bool = False

    def plain(self) -> dict[str, Any]:
        """Write it as JSON values, as a run keeps it."""
        return {"examples": self.examples, "features": self.features, "classes": self.classes}


def create(database: Database, settings: Settings, spec: DataSpec, name: str | None, also: Also[Kept] = nothing) -> Kept:
    """Make and keep a described dataset; return it, and whether it is new. Raise InvalidInput or TooLarge."""
    if isinstance(spec, Text):
        corpus = _corpus(spec, "parameters")
        check_size(_described(corpus), settings)
        return keep(database, settings, corpus, name or spec.kind, spec.kind, None, also)
    check_size(describe(database, spec), settings)
    return keep(database, settings, synthetic.make(spec), name or spec.kind, spec.kind, asdict(spec), also)


def keep(
    database: Database,
    settings: Settings,
    data: Dataset | Corpus,
    name: str,
    kind: str,
    parameters: dict[str, Any] | None,
    also: Also[Kept] = nothing,
) -> Kept:
    """Keep examples or a text, once for each content; return the dataset, and whether it is new."""
    features: Sequence[str] = texts.FEATURES if isinstance(data, Corpus) else data.features
    classes: Sequence[str | int] = data.symbols if isinstance(data, Corpus) else data.classes
    check_names(features, classes, settings)
    if isinstance(data, Corpus):
        numbers, statistics = data.codes, []
        content = data.decode(data.codes).encode()  # a text is kept as its UTF-8, a table as packed arrays
    else:
        numbers = data.y
        content = pack({"classes": list(classes), "features": list(features)}, {"X": data.X, "y": data.y})
        statistics = [
            {"mean": float(x.mean()), "std": float(x.std()), "min": float(x.min()), "max": float(x.max())} for x in data.X.T
        ]
    info = DatasetInfo(
        id=new_id("ds"),
        name=name,
        kind=kind,
        parameters=parameters,
        digest="sha256:" + hashlib.sha256(content).hexdigest(),
        examples=len(data),
        features=list(features),
        classes=list(classes),
        class_counts=np.bincount(numbers, minlength=len(classes)).tolist(),
        statistics=statistics,
        size_bytes=len(content),
        created_at=now(),
    )

    def work(db: Transaction) -> Kept:
        room.check(db, settings.min_free_bytes, len(content))
        kept = quotas.keep_dataset(db, settings, info, content)
        also(db, kept)
        return kept

    return database.write(work)


def get(database: Database, dataset_id: str) -> DatasetInfo:
    """Return a kept dataset."""
    info = database.read(lambda db: store.get(db, dataset_id))
    if info is None:
        raise NotFound("dataset", dataset_id)
    return info


def page(database: Database, *, after: str | None, limit: int, newest_first: bool, most_bytes: int) -> Part[DatasetInfo]:
    """Return up to `limit` kept datasets, and not more than so many bytes of them."""
    return database.read(lambda db: store.page(db, after=after, limit=limit, newest_first=newest_first, most_bytes=most_bytes))


def delete(database: Database, dataset_id: str) -> None:
    """Delete a kept dataset that no run uses."""
    if not database.write(lambda db: store.remove(db, dataset_id)):
        raise NotFound("dataset", dataset_id)


def check_size(data: Description, settings: Settings) -> None:
    """Raise TooLarge if the examples need more memory than a run may have."""
    needed = data.examples * len(data.features) * BYTES_A_VALUE
    if needed > settings.worker_memory_bytes:
        raise TooLarge(
            f"{data.examples:,} examples of {len(data.features):,} features need about {needed:,} bytes of memory, "
            f"this server allows {settings.worker_memory_bytes:,} (POSTGRAD_WORKER_MEMORY_BYTES)"
        )


def load(database: Database, ref: DatasetRef) -> Dataset | Corpus:
    """Return the examples, or the text, that a run refers to."""
    if isinstance(ref, Text):
        return _corpus(ref, "dataset")
    if not isinstance(ref, StoredDataset):
        return synthetic.make(ref)
    content = database.read(lambda db: store.content(db, ref.id))
    if content is None:
        raise NotFound("dataset", ref.id)
    if not content.startswith(MAGIC):  # which holds a NUL, and a text holds none
        return Corpus.of(content.decode())
    meta, arrays = unpack(content)
    return Dataset(arrays["X"], arrays["y"], tuple(meta["classes"]), tuple(meta["features"]))


def examples(database: Database, dataset_id: str) -> tuple[DatasetInfo, Dataset]:
    """Return a kept dataset with its examples; raise Conflict if it is a text, which has none that could be drawn."""
    info, data = get(database, dataset_id), load(database, StoredDataset(id=dataset_id))
    if isinstance(data, Corpus):
        raise Conflict(f"the dataset {dataset_id} is a text, which has no picture: look at its preview")
    return info, data


def describe(database: Database, ref: DatasetRef) -> Description:
    """Say what a dataset holds; raise InvalidInput if it is not kept here, or is a text that cannot be used."""
    if isinstance(ref, Text):
        return _described(_corpus(ref, "dataset"))
    if not isinstance(ref, StoredDataset):
        return describe_synthetic(ref)
    try:
        info = get(database, ref.id)
    except NotFound as error:
        raise InvalidInput(FieldProblem(("dataset", "id"), str(error))) from error
    return Description(info.examples, info.features, info.classes, info.class_counts, text=not info.statistics)


def describe_synthetic(spec: SyntheticSpec) -> Description:
    """Say what a synthetic dataset will hold."""
    n, n_features, n_classes = synthetic.shape(spec)
    return Description(n, [f"x{i + 1}" for i in range(n_features)], list(range(n_classes)), [n // n_classes] * n_classes)


def _described(corpus: Corpus) -> Description:
    counts = np.bincount(corpus.codes).tolist()
    return Description(len(corpus), list(texts.FEATURES), list(corpus.symbols), counts, text=True)


def _corpus(spec: Text, field: str) -> Corpus:
    try:
        return texts.corpus_of(spec.text)
    except DataError as error:
        raise InvalidInput(FieldProblem((field, "text"), str(error))) from error


def ref_of(run: Run) -> DatasetRef:
    """Read back the dataset that a stored run refers to."""
    return read(_Holder, {"dataset": run.dataset}).dataset


@dataclass(frozen=True)
class _Holder:
    dataset: DatasetRef
