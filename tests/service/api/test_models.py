"""/v1/runs/{id}/checkpoints, /predict and /evaluate: use what a run has learned."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.service.api.conftest import SPIRAL, Api, Json

JSON = {"Content-Type": "application/json"}
NET = {"kind": "mlp", "hidden_sizes": [20], "init": "he"}
PLAN = {"steps": 300, "log_every": 10, "checkpoint_every": 50}
IRIS = b"""petal_length,petal_width,species
1.4,0.2,setosa
1.3,0.2,setosa
1.5,0.3,setosa
4.7,1.4,versicolor
4.5,1.5,versicolor
4.9,1.5,versicolor
"""
DIGITS = b"ink,holes,digit\n0.1,1,8\n0.2,1,8\n0.8,0,3\n0.9,0,3\n0.5,3,-1\n0.6,3,-1\n"


@pytest.fixture(scope="module")
def net(api: Api) -> Json:
    """Train a small net on the spiral."""
    answer = api.post("/v1/runs", json={"dataset": SPIRAL, "model": NET, "training": PLAN})
    return api.wait(answer.json()["id"], "succeeded")


@pytest.fixture(scope="module")
def spiral(api: Api) -> Json:
    """Return all examples of the spiral."""
    dataset = api.post("/v1/datasets", json={"parameters": SPIRAL}).json()
    return api.get(f"/v1/datasets/{dataset['id']}/preview", params={"limit": 1000}).json()


@pytest.fixture(scope="module")
def running(api: Api) -> Iterator[str]:
    """Keep a run going that would take days, and cancel it at the end."""
    run_id = api.create(training={"steps": 10**9, "log_every": 1000})
    api.wait(run_id, "running")
    yield run_id
    api.post(f"/v1/runs/{run_id}/cancel")
    api.wait(run_id, "cancelled")


def uploaded(api: Api, content: bytes, **form: str) -> str:
    """Upload a CSV file; return the id of the dataset."""
    answer = api.post("/v1/datasets/upload", files={"file": ("data.csv", content)}, data=form)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


def predict(api: Api, run: Json, inputs: Any, **more: Any) -> Json:
    """Predict; the answer is 200."""
    answer = api.post(f"/v1/runs/{run['id']}/predict", json={"inputs": inputs, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestCheckpoints:
    """GET /v1/runs/{id}/checkpoints."""

    def test_are_listed_in_order(self, api: Api, net: Json) -> None:
        """Checkpoints stand at every multiple of checkpoint_every, in order, each with digest and size."""
        listed = api.get(f"/v1/runs/{net['id']}/checkpoints").json()
        steps = [checkpoint["step"] for checkpoint in listed["data"]]
        assert steps == sorted(set(steps))
        assert set(steps) >= {0, 50, 100, 150, 200, 250, 300}
        assert listed["has_more"] is False
        assert (listed["first_id"], listed["last_id"]) == (listed["data"][0]["id"], listed["data"][-1]["id"])
        for checkpoint in listed["data"]:
            assert checkpoint["id"].startswith("ckpt_")
            assert checkpoint["run"] == net["id"]
            assert checkpoint["digest"].startswith("sha256:")
            assert checkpoint["size_bytes"] > 0

    def test_names(self, api: Api, net: Json) -> None:
        """The last checkpoint is called latest, the one with the lowest loss best; the last has the run's weights."""
        checkpoints = api.get(f"/v1/runs/{net['id']}/checkpoints").json()["data"]
        named = {name: checkpoint for checkpoint in checkpoints for name in checkpoint["names"]}
        assert named["latest"] == checkpoints[-1]
        run, export = (api.get(named["latest"]["links"][where]) for where in ("run", "export"))
        assert (run.json()["id"], export.status_code) == (net["id"], 200)
        assert named["latest"]["weights_digest"] == net["weights_digest"]
        assert named["best"]["step"] == net["metrics"]["loss"]["best_step"]

    def test_best_is_by_validation_loss_if_there_is_one(self, api: Api) -> None:
        """With a validation part, the best checkpoint is the one with the lowest val_loss."""
        run = api.ended(
            "mlp", optimizer={"kind": "sgd", "learning_rate": 2.0}, training={"steps": 400, "validation_fraction": 0.5}
        )
        checkpoints = api.get(f"/v1/runs/{run['id']}/checkpoints").json()["data"]
        best = [checkpoint["step"] for checkpoint in checkpoints if "best" in checkpoint["names"]]
        assert best == [run["metrics"]["val_loss"]["best_step"]]

    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("by", ["next_after", "last_id", "link"])
    def test_pages(self, api: Api, net: Json, order: str, by: str) -> None:
        """Page after page, by step, by id or by the header, each checkpoint comes once, with its names."""
        path = f"/v1/runs/{net['id']}/checkpoints"
        whole = api.get(path).json()["data"]
        found, wish, pages = [], {"limit": "3", "order": order}, 0
        while True:
            answer = api.get(path, params=wish)
            page = answer.json()
            found += page["data"]
            pages += 1
            if not page["has_more"]:
                break
            assert len(page["data"]) == 3
            wish["after"] = str(page[by]) if by != "link" else answer.links["next"]["url"].rpartition("after=")[2]
        assert page["next_after"] is None
        assert pages > 2
        assert found == (whole if order == "asc" else whole[::-1])

    def test_a_page_after_what_is_gone(self, api: Api, net: Json) -> None:
        """A step need not be there; an id must."""
        path = f"/v1/runs/{net['id']}/checkpoints"
        after = api.get(path, params={"after": 51}).json()["data"]
        assert after
        assert all(checkpoint["step"] > 51 for checkpoint in after)
        gone = api.get(path, params={"after": "ckpt_0"})
        assert (gone.status_code, gone.json()["detail"]) == (404, "there is no checkpoint 'ckpt_0'")

    def test_none_before_the_run_began(self, idle: Api) -> None:
        """A run that waits has no checkpoint."""
        listed = idle.get(f"/v1/runs/{idle.create()}/checkpoints").json()
        assert (listed["data"], listed["first_id"], listed["last_id"]) == ([], None, None)


class TestPredict:
    """POST /v1/runs/{id}/predict."""

    def test_training_points_give_the_reported_accuracy(self, api: Api, net: Json, spiral: Json) -> None:
        """Predicting the training points gives the very accuracy that the run reports."""
        labels = predict(api, net, spiral["rows"])["labels"]
        right = sum(got == expected for got, expected in zip(labels, spiral["labels"], strict=True))
        assert right / 300 == pytest.approx(net["metrics"]["train_accuracy"]["last"], abs=1e-9)
        assert right > 200

    def test_scores_and_probabilities(self, api: Api, net: Json) -> None:
        """Each row has a score and a probability for each class; the label is the class of the largest."""
        answer = predict(api, net, [[0.1, 0.2], [-0.5, 0.5], [1, 0]])
        assert answer["classes"] == [0, 1, 2]
        assert (answer["run"], answer["step"]) == (net["id"], 300)
        for label, scores, probabilities in zip(answer["labels"], answer["scores"], answer["probabilities"], strict=True):
            assert math.isclose(sum(probabilities), 1, abs_tol=1e-9)
            exponentials = np.exp(np.array(scores) - max(scores))
            assert probabilities == pytest.approx(exponentials / exponentials.sum(), abs=1e-6)
            assert label == answer["classes"][int(np.argmax(scores))]

    def test_svm_has_no_probabilities(self, api: Api) -> None:
        """The scores of an svm are not probabilities, so there are none: null."""
        answer = predict(api, api.ended("svm"), [[0.1, 0.2]])
        assert answer["probabilities"] is None
        assert len(answer["scores"][0]) == 3

    def test_rows_do_not_depend_on_each_other(self, api: Api, net: Json, spiral: Json) -> None:
        """A row gets the same label alone and among many."""
        rows = spiral["rows"][::30]
        assert predict(api, net, rows)["labels"] == [predict(api, net, [row])["labels"][0] for row in rows]

    def test_checkpoints_by_name_step_and_id(self, api: Api, net: Json) -> None:
        """A checkpoint is chosen as latest (the default), best, by its step or by its id; the answer says which it was."""
        checkpoints = {c["step"]: c["id"] for c in api.get(f"/v1/runs/{net['id']}/checkpoints").json()["data"]}
        best = net["metrics"]["loss"]["best_step"]
        asked = {"latest": 300, "best": best, "0": 0, "50": 50, checkpoints[100]: 100}
        for name, step in asked.items():
            answer = predict(api, net, [[0.1, 0.2]], checkpoint=name)
            assert (answer["step"], answer["checkpoint"]) == (step, checkpoints[step]), name
        assert predict(api, net, [[0.1, 0.2]])["step"] == 300

    def test_checkpoints_are_different_models(self, api: Api, net: Json) -> None:
        """The untrained checkpoint answers other scores than the trained one."""
        before, after = (predict(api, net, [[0.5, 0.5]], checkpoint=name)["scores"] for name in ("0", "latest"))
        assert before != after

    @pytest.mark.parametrize("name", ["newest", "51", "-1", "050", "ckpt_0", "best "])
    def test_unknown_checkpoint(self, api: Api, net: Json, name: str) -> None:
        """A checkpoint that is not there is 404, and named."""
        answer = api.post(f"/v1/runs/{net['id']}/predict", json={"inputs": [[0, 0]], "checkpoint": name})
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"there is no checkpoint '{name}'"

    def test_checkpoint_of_another_run(self, api: Api, net: Json) -> None:
        """The checkpoint of another run is not found under this one."""
        other = api.ended(training={"steps": 1})
        theirs = api.get(f"/v1/runs/{other['id']}/checkpoints").json()["data"][0]["id"]
        answer = api.post(f"/v1/runs/{net['id']}/predict", json={"inputs": [[0, 0]], "checkpoint": theirs})
        assert answer.status_code == 404

    @pytest.mark.parametrize("route", ["predict", "evaluate"])
    def test_before_the_first_checkpoint(self, idle: Api, route: str) -> None:
        """A run that waits has nothing to predict with: 409, and says so."""
        body = {"inputs": [[0, 0]]} if route == "predict" else {}
        answer = idle.post(f"/v1/runs/{idle.create()}/{route}", json=body)
        assert answer.status_code == 409
        assert answer.json()["detail"].endswith("is queued and has no checkpoint yet")

    def test_while_the_run_trains(self, api: Api, running: str) -> None:
        """A run can be used while it still trains, with the newest checkpoint."""
        steps: list[int] = []
        while len(set(steps)) < 2:
            answer = api.post(f"/v1/runs/{running}/predict", json={"inputs": [[0.1, 0.2]]})
            assert answer.status_code == 200
            steps.append(answer.json()["step"])
        assert steps == sorted(steps)
        assert api.run(running)["status"] == "running"

    @pytest.mark.parametrize(
        ("inputs", "pointer", "detail"),
        [
            ([[1, 2, 3]], "#/inputs/0", "inputs[0] has 3 features, the model was trained on 2"),
            ([[1, 2], [1]], "#/inputs/1", "inputs[1] has 1 features, the model was trained on 2"),
            ([[1, 2], [1, 2], [1, 2, 3]], "#/inputs/2", "inputs[2] has 3 features, the model was trained on 2"),
            ([], "#/inputs", "inputs is a list of 0 items, must have at least 1 item"),
            ([[]], "#/inputs/0", "inputs[0] is a list of 0 items, must have at least 1 item"),
            ([1], "#/inputs/0", "inputs[0] is 1, must be a valid list"),
            ({"x": 1}, "#/inputs", "inputs is an object, must be a valid list"),
            (None, "#/inputs", "inputs is null, must be a valid list"),
            ([[1, "2"]], "#/inputs/0/1", "inputs[0][1] is '2', must be a valid number"),
            ([[1, None]], "#/inputs/0/1", "inputs[0][1] is null, must be a valid number"),
            ([[True, 1]], "#/inputs/0/0", "inputs[0][0] is true, must be a valid number"),
            ([[1, 2], [math.nan, 0]], "#/inputs/1/0", "inputs[1][0] is nan, must be a finite number"),
            ([[1, -math.inf]], "#/inputs/0/1", "inputs[0][1] is -inf, must be a finite number"),
            (
                [[0, 0], [1e300, -1e300]],
                "#/inputs/1",
                "inputs[1] is too large for this model: its scores are not finite numbers",
            ),
        ],
    )
    def test_bad_inputs(self, api: Api, net: Json, inputs: Any, pointer: str, detail: str) -> None:
        """What is wrong with the inputs is named by row and column, with what was expected and what was got."""
        answer = api.post(f"/v1/runs/{net['id']}/predict", content=json.dumps({"inputs": inputs}), headers=JSON)
        assert answer.status_code == 422
        assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [(pointer, detail)]

    def test_string_labels(self, api: Api) -> None:
        """A model trained on "setosa" answers "setosa"; its classes are the dataset's, in the dataset's order."""
        dataset = uploaded(api, IRIS)
        run = api.ended(dataset={"kind": "stored", "id": dataset}, training={"steps": 300, "standardize": True})
        assert run["data"]["classes"] == api.get(f"/v1/datasets/{dataset}").json()["classes"] == ["setosa", "versicolor"]
        answer = predict(api, run, [[1.4, 0.2], [4.6, 1.4]])
        assert answer["labels"] == ["setosa", "versicolor"]
        assert answer["classes"] == ["setosa", "versicolor"]

    def test_integer_labels(self, api: Api) -> None:
        """A model trained on the labels 8, 3 and -1 answers with these integers, not with their positions."""
        run = api.ended(
            dataset={"kind": "stored", "id": uploaded(api, DIGITS, label="digit")}, training={"steps": 500, "standardize": True}
        )
        answer = predict(api, run, [[0.1, 1], [0.9, 0], [0.5, 3]])
        assert answer["labels"] == [8, 3, -1]
        assert sorted(answer["classes"]) == [-1, 3, 8]


class TestEvaluate:
    """POST /v1/runs/{id}/evaluate."""

    def test_on_its_own_dataset(self, api: Api, net: Json) -> None:
        """On its own dataset a run has the loss and accuracy of its last metric point."""
        answer = api.post(f"/v1/runs/{net['id']}/evaluate", json={})
        result = answer.json()
        assert answer.status_code == 200
        assert (result["run"], result["step"], result["examples"], result["classes"]) == (net["id"], 300, 300, [0, 1, 2])
        for name, series in (("accuracy", "train_accuracy"), ("loss", "loss"), ("data_loss", "data_loss")):
            assert result[name] == pytest.approx(net["metrics"][series]["last"], rel=1e-5), name
        assert result["loss"] == pytest.approx(result["data_loss"] + result["reg_loss"])

    def test_confusion_matrix(self, api: Api, net: Json) -> None:
        """Each row of the matrix sums to the examples of its class, its diagonal to the right answers."""
        result = api.post(f"/v1/runs/{net['id']}/evaluate", json={}).json()
        matrix = np.array(result["confusion_matrix"])
        assert matrix.sum(axis=1).tolist() == [100, 100, 100]
        assert np.trace(matrix) / 300 == pytest.approx(result["accuracy"])

    def test_confusion_matrix_has_true_classes_as_rows(self, api: Api, net: Json, spiral: Json) -> None:
        """Row: true class, column: predicted class, as counted from the predictions."""
        result = api.post(f"/v1/runs/{net['id']}/evaluate", json={"checkpoint": "50"}).json()
        counted = np.zeros((3, 3), int)
        predicted = predict(api, net, spiral["rows"], checkpoint="50")["labels"]
        np.add.at(counted, (spiral["labels"], predicted), 1)
        assert result["step"] == 50
        assert result["confusion_matrix"] == counted.tolist()

    def test_on_another_dataset(self, api: Api, net: Json) -> None:
        """Other data with the same features and classes are measured, described or kept; fewer classes leave empty rows."""
        fresh = {"kind": "spiral", "seed": 1, "points_per_class": 50}
        kept = api.post("/v1/datasets", json={"parameters": fresh}).json()["id"]
        described, stored = (
            api.post(f"/v1/runs/{net['id']}/evaluate", json={"dataset": dataset}).json()
            for dataset in (fresh, {"kind": "stored", "id": kept})
        )
        assert described == stored
        assert described["examples"] == 150
        two = api.post(f"/v1/runs/{net['id']}/evaluate", json={"dataset": {"kind": "moons"}}).json()
        assert np.array(two["confusion_matrix"]).sum(axis=1).tolist() == [100, 100, 0]

    def test_labels_are_matched_by_name(self, api: Api) -> None:
        """Classes are told by their names, not by their positions in the file."""
        run = api.ended(dataset={"kind": "stored", "id": uploaded(api, IRIS)}, training={"steps": 300, "standardize": True})
        header, *rows = IRIS.splitlines()
        turned = uploaded(api, b"\n".join([header, *rows[::-1]]) + b"\n")
        result = api.post(f"/v1/runs/{run['id']}/evaluate", json={"dataset": {"kind": "stored", "id": turned}}).json()
        assert result["accuracy"] == 1
        assert result["confusion_matrix"] == [[3, 0], [0, 3]]

    @pytest.mark.parametrize(
        ("dataset", "pointer", "detail"),
        [
            ({"kind": "spiral", "classes": 4}, "#/dataset", "dataset has the class 3, the model knows 0, 1, 2"),
            ({"kind": "blobs", "features": 3}, "#/dataset", "dataset has 3 features, the model was trained on 2"),
            ({"kind": "stored", "id": "ds_0"}, "#/dataset/id", "there is no dataset 'ds_0'"),
            (
                {"kind": "spiral", "noise": -1},
                "#/dataset/noise",
                "dataset.noise is -1, must be at least 0",
            ),
            (
                {"kind": "moons", "factor": 1},
                "#/dataset/factor",
                "dataset.factor is not a known field, expected kind, points_per_class, noise, seed",
            ),
            ({}, "#/dataset/kind", "dataset.kind is missing"),
            ("spiral", "#/dataset", "dataset is 'spiral', must be an object"),
        ],
    )
    def test_unusable_dataset(self, api: Api, net: Json, dataset: Any, pointer: str, detail: str) -> None:
        """Data that the model cannot be measured on are refused, with what they have and what the model knows."""
        answer = api.post(f"/v1/runs/{net['id']}/evaluate", json={"dataset": dataset})
        assert answer.status_code == 422
        assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [(pointer, detail)]

    def test_unknown_class_of_an_upload(self, api: Api) -> None:
        """A class that the model has never seen is named as the file wrote it."""
        run = api.ended(dataset={"kind": "stored", "id": uploaded(api, IRIS)}, training={"steps": 1})
        other = uploaded(api, IRIS.replace(b"versicolor", b"virginica"))
        answer = api.post(f"/v1/runs/{run['id']}/evaluate", json={"dataset": {"kind": "stored", "id": other}})
        assert answer.status_code == 422
        assert answer.json()["detail"] == "dataset has the class 'virginica', the model knows 'setosa', 'versicolor'"

    def test_too_large_a_dataset(self, api: Api, net: Json) -> None:
        """A described dataset that needs more memory than a run may have is refused before it is made: 413."""
        huge = {"kind": "blobs", "points_per_class": 100_000, "classes": 100, "features": 1000}
        answer = api.post(f"/v1/runs/{net['id']}/evaluate", json={"dataset": huge})
        assert answer.status_code == 413
        assert "POSTGRAD_WORKER_MEMORY_BYTES" in answer.json()["detail"]
