"""`postgrad models` against a live server."""

import json

from service.client import Client
from tests.service.cli.conftest import Run


def test_models(postgrad: Run, url: str) -> None:
    """Promote a run under a name, list the models, show one."""
    with Client(url) as client:
        run_id = client.runs.create(dataset="spiral", model="softmax", training={"steps": 20})["id"]
        client.runs.wait(run_id, timeout=60)
        for model in client.models.list():  # of other tests of the same server
            client.models.delete(model["id"])
    assert "promote NAME" in postgrad("models", "ls").stderr
    promoted = postgrad("models", "promote", "swirl", run_id, "--checkpoint", "best")
    assert (promoted.returncode, promoted.stdout) == (0, "1\n")
    again = json.loads(postgrad("models", "promote", "swirl", run_id, "--checkpoint", "0", "--alias", "fresh", "--json").stdout)
    assert (again["id"], again["version"], again["step"]) == ("fresh", 2, 0)
    assert postgrad("models", "ls").stdout.split() == [
        *("Name", "Served", "Versions", "Aliases"),
        *("swirl", "1", "2", "fresh", "2,", "production", "1"),
    ]
    shown = postgrad("models", "show", "swirl")
    assert [line.split()[:3] for line in shown.stdout.splitlines()[1:]] == [["1", "softmax", run_id], ["2", "softmax", run_id]]
    assert "version 1 answers" in shown.stderr
    assert json.loads(postgrad("models", "show", "swirl", "--json").stdout)["aliases"] == {"fresh": 2, "production": 1}
    assert json.loads(postgrad("models", "ls", "--json").stdout)["data"][0]["id"] == "swirl"
    nobody = postgrad("models", "show", "nobody")
    assert (nobody.returncode, nobody.stdout) == (5, "")
    assert "there is no model 'nobody'" in nobody.stderr
