"""What somebody stores on a server, as types."""

from typing import Literal, TypedDict


class Used(TypedDict):
    """A number of things and their bytes, with the most of both; None: not counted, no limit."""

    count: int
    bytes: int | None
    max_count: int | None
    max_bytes: int | None


class UsageOfServer(TypedDict):
    """What all owners store together."""

    datasets: Used
    runs: Used
    queued_runs: Used
    running_runs: Used
    points: Used
    checkpoints: Used
    answers: Used
    api_keys: Used


class Usage(UsageOfServer):
    """What one owner stores; `server` is None unless the key is an admin's."""

    object: Literal["usage"]
    owner: str
    server: UsageOfServer | None
