"""Keep an uploaded file as a dataset."""

from typing import BinaryIO

from service.domain import DatasetInfo
from service.runs.datasets import keep
from service.runs.uploads import UploadLimits, read_upload
from service.settings import Settings
from service.store.unit import Database


def upload(
    database: Database, settings: Settings, file: BinaryIO, filename: str, label: str | None, name: str | None
) -> tuple[DatasetInfo, bool]:
    """Read an uploaded file whole and keep it; return the dataset, and whether it is new. Raise UploadError or TooLarge."""
    return keep(database, settings, read_upload(file, filename, label, UploadLimits()), name or filename, "upload", None)
