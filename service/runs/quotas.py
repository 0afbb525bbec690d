"""What one owner may keep, and all together. A message tells an owner's own sums, never those of others."""

from service.actor import NOBODY
from service.domain import DatasetInfo
from service.errors import TooLarge
from service.settings import Settings
from service.store import datasets, usage
from service.store.owned import owner_of
from service.store.unit import Transaction


def keep_dataset(db: Transaction, settings: Settings, info: DatasetInfo, content: bytes) -> tuple[DatasetInfo, bool]:
    """Keep a dataset; return it and True, or the one with the same content that is kept already and False."""
    same = datasets.same(db, info.digest)
    if same is not None:
        return same, False
    check_dataset(db, settings, len(content))
    datasets.add(db, info, content)
    return info, True


def check_dataset(db: Transaction, settings: Settings, size_bytes: int) -> None:
    """Raise TooLarge if there is no room for one more dataset."""
    if owner_of(db) != NOBODY:
        kept = usage.own(db)
        _check_count("datasets", kept.datasets, settings.max_datasets_per_key, "MAX_DATASETS_PER_KEY")
        if kept.datasets_bytes + size_bytes > (limit := settings.max_datasets_bytes_per_key):
            raise TooLarge(
                f"{size_bytes:,} bytes more than the {kept.datasets_bytes:,} of your datasets are larger than this server "
                f"allows one owner: {limit:,} bytes (POSTGRAD_MAX_DATASETS_BYTES_PER_KEY): delete some that are not used"
            )
    if usage.total(db).datasets_bytes + size_bytes > (limit := settings.max_datasets_bytes):
        told = f"with {size_bytes:,} bytes more, the kept datasets would be larger than this server allows"
        raise TooLarge(f"{told}: {limit:,} bytes (POSTGRAD_MAX_DATASETS_BYTES): delete some that are not used")


def check_run(db: Transaction, settings: Settings) -> None:
    """Raise TooLarge if the owner may not have one more run, or has as much of what runs store as is allowed."""
    if owner_of(db) == NOBODY:
        return
    kept = usage.own(db)
    _check_count("runs", kept.runs, settings.max_runs_per_key, "MAX_RUNS_PER_KEY")
    check_written(db, settings)
    _check_count("points of runs", kept.points, settings.max_points_per_key, "MAX_POINTS_PER_KEY")
    limit = settings.max_checkpoints_bytes_per_key
    _check_count("bytes of checkpoints", kept.checkpoints_bytes, limit, "MAX_CHECKPOINTS_BYTES_PER_KEY")


def check_written(db: Transaction, settings: Settings) -> None:
    """Raise TooLarge if the specs and tags of the owner's runs have as many bytes as is allowed."""
    if owner_of(db) != NOBODY:
        written = usage.own(db).runs_bytes
        _check_count("bytes of specs and tags of runs", written, settings.max_runs_bytes_per_key, "MAX_RUNS_BYTES_PER_KEY")


def check_answer(db: Transaction, settings: Settings, size_bytes: int) -> None:
    """Raise TooLarge if there is no room for one more answer under an idempotency key."""
    until = "send the request without Idempotency-Key, or when earlier answers have been forgotten"
    if owner_of(db) != NOBODY:
        kept = usage.own(db)
        if kept.answers >= (limit := settings.max_answers_per_key):
            told = f"{kept.answers:,} answers are kept for your idempotency keys, this server allows one owner {limit:,}"
            raise TooLarge(f"{told} (POSTGRAD_MAX_ANSWERS_PER_KEY): {until}")
        if kept.answers_bytes + size_bytes > (limit := settings.max_answers_bytes_per_key):
            told = f"{size_bytes:,} bytes more than the {kept.answers_bytes:,} kept for your idempotency keys are too many"
            raise TooLarge(f"{told}: this server allows one owner {limit:,} (POSTGRAD_MAX_ANSWERS_BYTES_PER_KEY): {until}")
    if usage.total(db).answers_bytes + size_bytes > (limit := settings.max_answers_bytes):
        told = f"with {size_bytes:,} bytes more, the answers kept for idempotency keys would be larger than this server allows"
        raise TooLarge(f"{told}: {limit:,} bytes (POSTGRAD_MAX_ANSWERS_BYTES): {until}")


def _check_count(what: str, number: int, limit: int, setting: str) -> None:
    if number >= limit:
        told = f"you have {number:,} {what}, this server allows one owner {limit:,} (POSTGRAD_{setting})"
        raise TooLarge(f"{told}: delete some that are not used")
