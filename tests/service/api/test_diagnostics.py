"""/v1/runs/{id}/diagnostics."""

from math import log
from typing import Any

import pytest

from tests.service.api.conftest import Api, Json

TEXT = "Postgrad reads and writes. " * 20


def diagnostics(api: Api, run: Json, **params: Any) -> Json:
    """Diagnose a run; the answer is 200."""
    answer = api.get(f"/v1/runs/{run['id']}/diagnostics", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(found: Json) -> list[str]:
    """Return the codes of the hints."""
    return [hint["code"] for hint in found["hints"]]


def test_a_good_run_has_nothing_to_tell(api: Api) -> None:
    """The softmax classifier on the spiral: the gradient is right, the first loss ln 3, no hint."""
    run = api.ended()
    found = diagnostics(api, run)
    assert (found["object"], found["run"], found["step"], found["examples"]) == ("diagnostics", run["id"], 200, 300)
    assert (found["gradient_check"]["ok"], found["gradient_check"]["examples"]) == (True, 200)
    assert found["gradient_check"]["relative_error"] < 1e-4
    assert found["first_loss"] == {"loss": pytest.approx(log(3), abs=0.01), "expected": log(3), "ok": True}
    assert found["dead_units"] == []
    assert found["hints"] == []
    assert found["update_ratio"] == pytest.approx(run["metrics"]["update_ratio"]["last"])


def test_it_agrees_with_evaluate(api: Api) -> None:
    """Accuracy and confusion matrix are those of evaluate, and precision and recall follow from them."""
    run = api.ended("svm", training={"validation_fraction": 0.2})
    found, measured = diagnostics(api, run), api.post(f"/v1/runs/{run['id']}/evaluate", json={}).json()
    for name in ("accuracy", "confusion_matrix", "classes", "examples"):
        assert found[name] == measured[name], name
    for i, row in enumerate(found["per_class"]):
        assert row["label"] == found["classes"][i]
        assert row["recall"] == found["confusion_matrix"][i][i] / 100
    assert found["first_loss"]["expected"] == 2


def test_a_run_that_diverged_is_told_one_rate(api: Api) -> None:
    """Its error, its hint and the fork that the hint proposes name the same rate to try."""
    run = api.ended("softmax", optimizer={"kind": "sgd", "learning_rate": 3.6e5}, training={"steps": 300})
    assert run["error"]["suggestion"].endswith("try 40000")
    (hint,) = (hint for hint in diagnostics(api, run)["hints"] if hint["code"] == "diverged")
    assert hint["suggestion"] == "fork the run with learning_rate 40000"
    assert hint["overrides"] == {"optimizer": {"learning_rate": 40000.0}}


def test_a_rate_too_high_is_told(api: Api) -> None:
    """A run with a learning rate of 10 is told so, and to try 3; its units are dead."""
    run = api.ended("mlp", optimizer={"kind": "sgd", "learning_rate": 10.0}, training={"steps": 300})
    found = diagnostics(api, run)
    (hint,) = (hint for hint in found["hints"] if hint["code"] == "loss_rises")
    assert "the learning rate 10 is probably too high" in hint["message"]
    assert hint["suggestion"] == "fork the run with learning_rate 3"
    assert hint["overrides"] == {"optimizer": {"learning_rate": 3.0}}
    fork = api.post(f"/v1/runs/{run['id']}/fork", json={"overrides": hint["overrides"]}).json()
    assert fork["optimizer"]["learning_rate"] == 3.0
    assert [hint["overrides"] for hint in found["hints"] if hint["code"] == "dead_relus"] == [None]
    assert found["dead_units"] == [{"layer": 1, "units": 100, "dead": 100}]
    assert {"dead_relus", "never_predicted"} <= set(codes(found))


def test_a_run_that_diverged_is_told(api: Api) -> None:
    """A run that left the finite numbers is diagnosed at its last finite checkpoint."""
    model = {"kind": "softmax", "reg": 10.0}
    answer = api.post("/v1/runs", json={
        "dataset": {"kind": "spiral"}, "model": model, "training": {"steps": 2000},
        "optimizer": {"kind": "sgd", "learning_rate": 10.0},
    })  # fmt: skip
    found = diagnostics(api, api.wait(answer.json()["id"], "failed"))
    assert codes(found)[0] == "diverged"
    assert "loss_rises" not in codes(found)


def test_a_deep_net_of_small_weights_is_stuck(api: Api) -> None:
    """Three hidden layers with 0.01·randn do not move: he is suggested."""
    answer = api.post("/v1/runs", json={
        "dataset": {"kind": "spiral"}, "model": {"kind": "mlp", "hidden_sizes": [20, 20, 20]}, "training": {"steps": 200},
    })  # fmt: skip
    found = diagnostics(api, api.wait(answer.json()["id"], "succeeded"))
    (hint,) = (hint for hint in found["hints"] if hint["code"] == "loss_stuck")
    assert hint["suggestion"] == 'set model.init to "he"'


def test_scales_of_features_are_told(api: Api) -> None:
    """A table with features of different scales is told of, once it is not standardised."""
    rows = "".join(f"{i % 7 / 100},{i * 1000 % 7919},{'even' if i % 2 else 'odd'}\n" for i in range(40))
    upload = api.post("/v1/datasets/upload", files={"file": ("d.csv", f"a,b,c\n{rows}".encode())}, data={"label": "c"})
    dataset = {"kind": "stored", "id": upload.json()["id"]}
    steps = {"steps": 20}
    assert "feature_scales" in codes(diagnostics(api, api.ended(dataset=dataset, training=steps)))
    standardised = api.ended(dataset=dataset, training={**steps, "standardize": True})
    assert "feature_scales" not in codes(diagnostics(api, standardised))


def test_of_a_text(api: Api) -> None:
    """Of a char_rnn the gradient and the first loss are told; what has no meaning is null."""
    body = {"dataset": {"kind": "text", "text": TEXT}, "model": {"kind": "char_rnn"}, "training": {"steps": 50}}
    found = diagnostics(api, api.wait(api.post("/v1/runs", json=body).json()["id"], "succeeded"))
    assert (found["gradient_check"]["ok"], found["gradient_check"]["examples"]) == (True, 25)
    assert found["first_loss"] == {
        "loss": pytest.approx(log(len(set(TEXT))), rel=0.01),
        "expected": log(len(set(TEXT))),
        "ok": True,
    }
    assert [found[name] for name in ("accuracy", "classes", "confusion_matrix", "per_class")] == [None] * 4
    assert (found["dead_units"], found["examples"]) == ([], len(TEXT))


def test_class_weights_are_no_mistake(api: Api) -> None:
    """The first loss of a weighted run is held against ln K times the mean weight, and the weighted gradient is checked."""
    weights = {"kind": "per_class", "weights": [1.0, 5.0, 5.0]}
    run = api.ended("mlp", training={"steps": 300, "class_weights": weights})
    found = diagnostics(api, run)
    assert found["first_loss"]["ok"]
    assert found["first_loss"]["expected"] == pytest.approx(log(3) * 11 / 3)
    assert found["gradient_check"]["ok"]


def test_a_fork_has_no_first_loss(api: Api) -> None:
    """The parameters that a fork begins with are trained."""
    run = api.ended()
    fork = api.post(f"/v1/runs/{run['id']}/fork", json={"overrides": {"training": {"steps": 300}}})
    assert diagnostics(api, api.wait(fork.json()["id"], "succeeded"))["first_loss"] is None


def test_any_checkpoint(api: Api) -> None:
    """A checkpoint is chosen by name, step or id; one that is not there is 404."""
    run = api.ended()
    best = run["metrics"]["loss"]["best_step"]
    for name, step in {"latest": 200, "best": best, "0": 0}.items():
        assert diagnostics(api, run, checkpoint=name)["step"] == step
    answer = api.get(f"/v1/runs/{run['id']}/diagnostics", params={"checkpoint": "7"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no checkpoint '7'")


def test_before_the_first_checkpoint(idle: Api) -> None:
    """A run that waits has nothing to diagnose: 409."""
    assert idle.get(f"/v1/runs/{idle.create()}/diagnostics").status_code == 409
    assert idle.get("/v1/runs/run_0/diagnostics").status_code == 404
