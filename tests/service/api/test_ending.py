"""Runs that end before their last step because they are good enough, or because their time is up."""

import pytest

from tests.faults.processes import until
from tests.service.api.conftest import Api, Json

LONG = {"steps": 10**8, "log_every": 1000, "time_budget": 0.5}


@pytest.fixture(scope="module")
def timed(api: Api) -> Json:
    """Train a net for half a second of a very long run."""
    return api.ended("mlp", training=LONG)


def test_a_time_budget_ends_a_run_as_it_is(api: Api, timed: Json) -> None:
    """It has succeeded, says why, and its last point, checkpoint and digest are those of the step where it ended."""
    step = timed["progress"]["step"]
    assert (timed["status"], timed["stop_reason"]) == ("succeeded", "time_budget")
    assert 0 < step < 10**8
    assert 0.5 <= timed["progress"]["training_seconds"] < 10
    assert api.get(f"/v1/runs/{timed['id']}/loss-history").json()["steps"][-1] == step
    saved = api.get(f"/v1/runs/{timed['id']}/checkpoints").json()["data"]
    assert (saved[-1]["step"], saved[-1]["weights_digest"]) == (step, timed["weights_digest"])


def test_the_time_that_is_left_bounds_the_eta(api: Api) -> None:
    """A run that would take hours is expected to end with its budget."""
    run_id = api.create("mlp", training={**LONG, "time_budget": 30})
    progress = api.wait(run_id, "running")["progress"]
    api.post(f"/v1/runs/{run_id}/cancel")
    assert 0 < progress["eta_seconds"] <= 30


def test_it_can_be_verified(api: Api, timed: Json) -> None:
    """Trained again, it ends at the same step with the same weights, however long that takes."""
    again = api.wait(api.post(f"/v1/runs/{timed['id']}/verify").json()["id"], "succeeded")
    assert (again["verified"], again["progress"]["step"]) == (True, timed["progress"]["step"])
    assert again["stop_reason"] == "time_budget"


def test_a_pause_does_not_use_up_the_budget(api: Api) -> None:
    """Only training counts: a run that is paused has the rest of its time left. test_execute.py has it to the step."""
    run_id = api.create("mlp", training={**LONG, "time_budget": 3})
    until(lambda: api.run(run_id)["status"] == "running")
    api.post(f"/v1/runs/{run_id}/pause")
    used = api.wait(run_id, "paused")["progress"]["training_seconds"]
    assert 0 < used < 3
    api.post(f"/v1/runs/{run_id}/resume")
    run = api.wait(run_id, "succeeded")
    assert (run["attempt"], run["stop_reason"]) == (2, "time_budget")
    assert 3 <= run["progress"]["training_seconds"] < 10


def test_a_target_ends_a_run(api: Api) -> None:
    """The run ends at the first point with the accuracy that was asked for."""
    plan = {"steps": 10_000, "log_every": 10, "target": {"metric": "train_accuracy", "value": 0.9}}
    run = api.ended("mlp", training=plan)
    assert (run["status"], run["stop_reason"]) == ("succeeded", "early_stopped")
    assert run["progress"]["step"] < 10_000
    reached = api.get(f"/v1/runs/{run['id']}/metrics").json()["series"]["train_accuracy"]
    assert reached[-1] >= 0.9 > max(reached[:-1])


@pytest.mark.parametrize(
    ("training", "pointer"),
    [
        ({"time_budget": 0}, "#/training/time_budget"),
        ({"target": {"value": 0.9}}, "#/training/target/metric"),
        ({"stratify": True, "validation_fraction": 0.001}, "#/training/stratify"),
        ({"class_weights": {"kind": "per_class", "weights": [1, 2]}}, "#/training/class_weights/weights"),
        ({"class_weights": {"kind": "per_class", "weights": [1, 2, 0]}}, "#/training/class_weights/weights/2"),
        ({"class_weights": "balanced"}, "#/training/class_weights"),
    ],
)
def test_a_bad_plan_is_refused_at_its_field(api: Api, training: Json, pointer: str) -> None:
    """The error points at the field."""
    answer = api.post("/v1/runs", json={"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, "training": training})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_class_weights_and_dropout_are_taken(api: Api) -> None:
    """They are in the resolved spec, and such a run can be verified."""
    weights = {"kind": "per_class", "weights": [1.0, 2.0, 3.0]}
    model = {"kind": "mlp", "hidden_sizes": [10], "dropout": 0.3, "l1": 0.001}
    body = {"dataset": {"kind": "spiral"}, "model": model, "training": {"steps": 100, "class_weights": weights}}
    run = api.wait(api.post("/v1/runs", json=body).json()["id"], "succeeded")
    assert (run["training"]["class_weights"], run["model"]["dropout"], run["model"]["l1"]) == (weights, 0.3, 0.001)
    assert api.wait(api.post(f"/v1/runs/{run['id']}/verify").json()["id"], "succeeded")["verified"] is True
