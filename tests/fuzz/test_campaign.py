"""Requests that nobody thought of: Schemathesis makes them from the OpenAPI document, and follows its links.

`make fuzz` does the same for longer. FUZZ_SEED chooses other requests than those of every day.
"""

import json
import os

import pytest

from tests.fuzz.campaign import Outcome, campaign
from tests.fuzz.hooks import SECRETS

SEED = int(os.environ.get("FUZZ_SEED", "20"))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Run a short campaign; its seed and figures are printed, and shown if something fails."""
    found = campaign(tmp_path_factory.mktemp("fuzz"), cases=300, sequences=15, seed=SEED, short=True)
    print(found.table())  # noqa: T201
    return found


@pytest.mark.timeout(600)
def test_nothing_fails(outcome: Outcome) -> None:
    """No answer is 5xx, undocumented or against its schema; what is valid is taken, what is not is refused."""
    assert outcome.figures["failures"] == {}, outcome.table()
    assert outcome.figures["errors"] == [], outcome.table()


def test_every_phase_had_its_part(outcome: Outcome) -> None:
    """Examples, limits, random requests and sequences were sent, and not all of them were refused."""
    cases = outcome.figures["cases"]
    assert cases["examples"] > 10
    assert cases["coverage"] > 2000
    assert cases["fuzzing"] > 100
    assert outcome.figures["sequences"] >= 15
    assert outcome.figures["statuses"]["2xx"] > 500
    assert set(outcome.figures["statuses"]) <= {"2xx", "3xx", "4xx"}


def test_the_server_is_well(outcome: Outcome) -> None:
    """After all of it the server is ready, its worker trains, and its log tells of no mistake and no lost worker."""
    assert outcome.healthy
    lines = [json.loads(line) for line in outcome.log.splitlines()]
    assert [line for line in lines if line["level"] in ("error", "critical")] == []
    assert "lost" not in outcome.log


@pytest.mark.parametrize(
    "text",
    [
        "Traceback (most recent call last)",
        "no such table: runs in SELECT id FROM runs",
        "cannot open /tmp/data/postgrad.sqlite3",
        "<service.domain.Run object at 0x7f3a5c0d1e80>",
        "service/store/unit.py line 3",
    ],
)
def test_what_no_error_may_tell_is_known(text: str) -> None:
    """The check for traces, SQL and paths finds them."""
    assert SECRETS.search(text)
