"""The short form of `make hostile`."""

import os
import random
from pathlib import Path

from tests.responsiveness.little_memory import campaign

SENT_BYTES = 150_000_000


def test_hostile_requests_do_not_end_a_server_with_little_memory(tmp_path: Path) -> None:
    """A server with 1 GiB answers, as the same process, and trains the run of another owner; no answer is a 500."""
    seed = int(os.environ.get("SEED") or random.randrange(1_000_000))
    print("seed", seed)
    outcome = campaign(tmp_path, SENT_BYTES, seed)
    print(*outcome.lines(), sep="\n")
    assert outcome.alive
    assert outcome.trained == "succeeded"
    assert outcome.sent.failed == []
