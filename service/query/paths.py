"""The paths of the fields of a spec."""

import dataclasses
from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from core.fields import hints, split

Path = tuple[str, ...]


def leaves(annotation: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of all values in a dataclass or a union of them; a list is one value."""
    bare, _ = split(annotation)
    if get_origin(bare) in (Union, UnionType):
        for choice in get_args(bare):
            if choice is not type(None):
                yield from leaves(choice, path)
    elif dataclasses.is_dataclass(bare):
        for name, inner in hints(bare).items():  # type: ignore[arg-type]  # mypy does not know that every class is hashable
            yield from leaves(inner, (*path, name))
    else:
        yield path
