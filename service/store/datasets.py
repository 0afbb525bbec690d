"""Datasets as bytes, kept once for each content."""

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from service.domain import DatasetInfo
from service.errors import Conflict
from service.store.tables import datasets

COLUMNS = [datasets.c[name] for name in DatasetInfo.__dataclass_fields__]


def add(db: Connection, info: DatasetInfo, content: bytes) -> tuple[DatasetInfo, bool]:
    """Keep a dataset; return it and True, or the one with the same content that is kept already and False."""
    row = db.execute(select(*COLUMNS).where(datasets.c.digest == info.digest)).one_or_none()
    if row is not None:
        return _record(row), False
    db.execute(insert(datasets).values(**vars(info), content=content))
    return info, True


def get(db: Connection, dataset_id: str) -> DatasetInfo | None:
    """Return a dataset without its content, or None."""
    row = db.execute(select(*COLUMNS).where(datasets.c.id == dataset_id)).one_or_none()
    return _record(row) if row is not None else None


def content(db: Connection, dataset_id: str) -> bytes | None:
    """Return the content of a dataset, or None."""
    return db.execute(select(datasets.c.content).where(datasets.c.id == dataset_id)).scalar_one_or_none()


def page(db: Connection, *, after: str | None, limit: int, newest_first: bool) -> list[DatasetInfo]:
    """Return up to `limit` datasets in the order of their creation."""
    query = select(*COLUMNS).order_by(datasets.c.id.desc() if newest_first else datasets.c.id).limit(limit)
    if after is not None:
        query = query.where(datasets.c.id < after if newest_first else datasets.c.id > after)
    return [_record(row) for row in db.execute(query)]


def remove(db: Connection, dataset_id: str) -> bool:
    """Delete a dataset that no run uses; return whether there was one."""
    try:
        return db.execute(delete(datasets).where(datasets.c.id == dataset_id)).rowcount == 1
    except IntegrityError as error:
        raise Conflict(f"the dataset {dataset_id} is used by runs: delete those first") from error


def _record(row: Row[Any]) -> DatasetInfo:
    return DatasetInfo(**row._mapping)  # noqa: SLF001
