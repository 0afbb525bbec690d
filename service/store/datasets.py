"""Datasets as bytes, kept once for each owner and content."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, literal, select
from sqlalchemy.exc import IntegrityError

from service.domain import DatasetInfo
from service.errors import Conflict
from service.store.owned import mine, nearest, owner_of, visible
from service.store.paging import Part, part
from service.store.tables import datasets

COLUMNS = [datasets.c[name] for name in DatasetInfo.__dataclass_fields__]

INFO_BYTES = 1000
"""What a dataset takes in an answer beside its lists."""
LISTS = ("parameters", "features", "classes", "class_counts", "statistics")
SIZE = sum((func.coalesce(func.length(datasets.c[name], type_=Integer), 0) for name in LISTS), start=literal(INFO_BYTES))
MANY = select(*COLUMNS, SIZE.label("size")).where(datasets.c.id.in_(bindparam("of_datasets", expanding=True)))


def same(db: Connection, digest: str) -> DatasetInfo | None:
    """Return the dataset with a content that is kept already, or None."""
    query = select(*COLUMNS).where(datasets.c.digest == digest, mine(db, datasets))
    row = db.execute(query.order_by(nearest(db, datasets)).limit(1)).one_or_none()
    return None if row is None else _record(row)


def add(db: Connection, info: DatasetInfo, content: bytes) -> None:
    """Keep a dataset."""
    db.execute(insert(datasets).values(**vars(info), owner=owner_of(db), content=content))


def get(db: Connection, dataset_id: str) -> DatasetInfo | None:
    """Return a dataset without its content, or None."""
    row = db.execute(select(*COLUMNS).where(datasets.c.id == dataset_id, visible(db, datasets))).one_or_none()
    return _record(row) if row is not None else None


def is_there(db: Connection, dataset_id: str) -> bool:
    """Return whether a dataset is kept, and may be seen; without its lists, half a megabyte of 10,000 features."""
    query = select(datasets.c.id).where(datasets.c.id == dataset_id, visible(db, datasets))
    return db.execute(query).one_or_none() is not None


def content(db: Connection, dataset_id: str) -> bytes | None:
    """Return the content of a dataset, or None."""
    query = select(datasets.c.content).where(datasets.c.id == dataset_id, visible(db, datasets))
    return db.execute(query).scalar_one_or_none()


def page(db: Connection, *, after: str | None, limit: int, newest_first: bool, most_bytes: int) -> Part[DatasetInfo]:
    """Return up to `limit` datasets, and not more than so many bytes of them, in the order of their creation."""
    query = select(datasets.c.id).where(visible(db, datasets)).limit(limit + 1)
    query = query.order_by(datasets.c.id.desc() if newest_first else datasets.c.id)
    if after is not None:
        query = query.where(datasets.c.id < after if newest_first else datasets.c.id > after)

    def read(ids: Sequence[str]) -> Iterator[tuple[DatasetInfo, int]]:
        rows = {row.id: row for row in db.execute(MANY, {"of_datasets": list(ids)})}
        return ((_record(rows[one][:-1]), rows[one].size) for one in ids)

    return part(db.execute(query).scalars().all(), limit, most_bytes, read)


def remove(db: Connection, dataset_id: str) -> bool:
    """Delete a dataset that no run uses; return whether there was one."""
    try:
        return db.execute(delete(datasets).where(datasets.c.id == dataset_id, visible(db, datasets))).rowcount == 1
    except IntegrityError as error:
        raise Conflict(f"the dataset {dataset_id} is used by runs: delete those first") from error


def _record(row: Sequence[Any]) -> DatasetInfo:
    return DatasetInfo(**dict(zip(DatasetInfo.__dataclass_fields__, row, strict=True)))
