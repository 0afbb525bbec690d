"""Calls far down the stack cost what others do."""

import resource
from collections.abc import Callable

from service.stack import with_room

CALLS = 300


def _leaf() -> None:
    return None


def _faults() -> int:
    """Count the pages that some hundred calls take from the system; on the border of two pieces it is one for each."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(CALLS):
        _leaf()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def _below(depth: int, work: Callable[[], int]) -> int:
    return work() if depth == 0 else _below(depth - 1, work)


def test_no_call_lies_on_a_border_of_the_stack() -> None:
    """At each depth that a request reaches, calls take no memory from the system."""
    assert max(with_room(lambda depth=depth: _below(depth, _faults)) for depth in range(300)) < CALLS / 2  # type: ignore[misc]
