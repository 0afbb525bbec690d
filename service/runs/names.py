"""The limit of names: each run of a dataset is answered with those of all its features and classes."""

from collections.abc import Sequence

from service.errors import TooLarge
from service.settings import Settings


def check_names(features: Sequence[str], classes: Sequence[str | int], settings: Settings) -> None:
    """Raise TooLarge if the names together are too long."""
    size = sum(len(str(name).encode()) for name in (*features, *classes))
    if size > settings.max_names_bytes:
        raise TooLarge(
            f"the names of {len(features):,} features and {len(classes):,} classes have {size:,} bytes, this server allows "
            f"{settings.max_names_bytes:,} (POSTGRAD_MAX_NAMES_BYTES): give them shorter names"
        )
