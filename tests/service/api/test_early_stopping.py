"""A run that no longer gets better ends by itself, and can be verified and gone on with."""

import pytest

from tests.service.api.conftest import Api, Json

NOISY = {"kind": "blobs", "points_per_class": 20, "noise": 6.0}
NET = {"kind": "mlp", "hidden_sizes": [50], "reg": 0.0, "init": "he"}
PLAN = {
    "steps": 2000,
    "log_every": 10,
    "validation_fraction": 0.3,
    "standardize": True,
    "stratify": True,
    "early_stopping": {"patience": 5},
}


@pytest.fixture(scope="module")
def stopped(api: Api) -> Json:
    """Train a net that learns the noise by heart, until its held-out loss has not fallen for five points."""
    body = {"dataset": NOISY, "model": NET, "training": PLAN}
    return api.wait(api.post("/v1/runs", json=body).json()["id"], "succeeded")


def test_it_says_why_it_ended(stopped: Json) -> None:
    """It has succeeded before its last step, five points after its best."""
    assert (stopped["status"], stopped["stop_reason"]) == ("succeeded", "early_stopped")
    assert stopped["progress"]["step"] == stopped["metrics"]["val_loss"]["best_step"] + 50 < 2000
    assert stopped["training"]["early_stopping"] == {
        "metric": "val_loss",
        "patience": 5,
        "min_delta": 0.0,
        "restore_best": True,
    }


def test_its_last_weights_are_the_best(api: Api, stopped: Json) -> None:
    """The latest checkpoint has the weights of the best one, and they are those that `weights_digest` names."""
    saved = api.get(f"/v1/runs/{stopped['id']}/checkpoints").json()["data"]
    named = {name: checkpoint for checkpoint in saved for name in checkpoint["names"]}
    assert named["best"]["step"] == stopped["metrics"]["val_loss"]["best_step"]
    assert named["best"]["weights_digest"] == named["latest"]["weights_digest"] == stopped["weights_digest"]


def test_trained_again_it_stops_alike(api: Api, stopped: Json) -> None:
    """Verify finds the same weights."""
    again = api.post(f"/v1/runs/{stopped['id']}/verify").json()
    assert api.wait(again["id"], "succeeded")["verified"] is True


def test_a_fork_begins_to_watch_anew(api: Api, stopped: Json) -> None:
    """A fork without early stopping takes all its steps from the checkpoint on."""
    overrides = {"training": {"early_stopping": None, "steps": stopped["progress"]["step"] + 100}}
    fork = api.post(f"/v1/runs/{stopped['id']}/fork", json={"overrides": overrides}).json()
    run = api.wait(fork["id"], "succeeded")
    assert run["stop_reason"] == "completed"
    assert run["progress"]["step"] == stopped["progress"]["step"] + 100


def test_what_is_not_held_out_cannot_be_watched(api: Api) -> None:
    """Without held-out examples there is no val_loss; the error names the field."""
    body = {"dataset": NOISY, "model": NET, "training": {"early_stopping": {}}}
    answer = api.post("/v1/runs", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/training/early_stopping/metric"
