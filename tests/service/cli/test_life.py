"""`postgrad runs pause`, `resume`, `extend`, `fork` and `verify` against a live server."""

import json

import pytest

from service.client import Client, Run
from tests.service.cli.conftest import Run as Command


@pytest.fixture(scope="module")
def trained(url: str) -> Run:
    """Return a short run that has ended."""
    with Client(url) as client:
        run = client.runs.create(dataset="spiral", model="softmax", training={"steps": 20})
        return client.runs.wait(run["id"], timeout=60)


def test_pause_and_resume(postgrad: Command, url: str) -> None:
    """Each says what it did; --json gives the run."""
    with Client(url) as client:
        run_id = client.runs.create(dataset="spiral", model="softmax", training={"steps": 10**8})["id"]
        assert postgrad("runs", "pause", run_id).stdout in (f"{run_id} is being paused\n", f"{run_id} paused\n")
        resumed = postgrad("runs", "resume", run_id, "--json")
        assert json.loads(resumed.stdout)["pause_requested"] is False
        assert postgrad("runs", "cancel", run_id).returncode == 0
        client.runs.wait(run_id, timeout=60)
        refused = postgrad("runs", "resume", run_id)
        assert refused.returncode != 0
        assert "cannot resume a run that is cancelled" in refused.stderr


def test_extend_fork_and_verify(postgrad: Command, url: str, trained: Run) -> None:
    """Each prints the id of the new run."""
    run_id = trained["id"]
    change = ("--set", "optimizer.learning_rate=0.5", "--set", "training.steps=40", "--set", "model.reg=0")
    made = {
        "extend": postgrad("runs", "extend", run_id, "--steps", 40, "--name", "longer"),
        "fork": postgrad("runs", "fork", run_id, "--checkpoint", "best", *change),
        "verify": postgrad("runs", "verify", run_id),
    }
    with Client(url) as client:
        for relation, done in made.items():
            assert done.returncode == 0, done.stderr
            run = client.runs.wait(done.stdout.strip(), timeout=60)
            assert run["parent"]
            assert (run["status"], run["parent"]["run"], run["parent"]["relation"]) == ("succeeded", run_id, relation)
            assert run["verified"] is (True if relation == "verify" else None)
        assert client.runs.get(made["extend"].stdout.strip())["name"] == "longer"
        assert client.runs.get(made["fork"].stdout.strip())["optimizer"]["learning_rate"] == 0.5


@pytest.mark.parametrize("change", ["learning_rate=1", "optimizer.=1", "data.kind=x", "optimizer.kind"])
def test_a_change_that_cannot_be_read_is_a_wrong_use(postgrad: Command, trained: Run, change: str) -> None:
    """The form that is expected is told."""
    refused = postgrad("runs", "fork", trained["id"], "--set", change)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "expected" in refused.stderr
