"""/v1/models: names, versions and aliases of what runs have learned, and predictions by name."""

import json
import random
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.faults.processes import until
from tests.service.api.conftest import SPIRAL, Api, Json, serving

POINTS = [[0.5, 0.2], [-0.3, 0.4], [0.0, 0.9]]
PLAN = {"steps": 60, "log_every": 10, "checkpoint_every": 20}


def trained(api: Api, seed: int = 0, kind: str = "softmax", **training: Any) -> str:
    """Train a model on the spiral; return the id of its run."""
    body = {"dataset": SPIRAL, "model": {"kind": kind}, "training": {**PLAN, "seed": seed, **training}}
    run_id = api.post("/v1/runs", json=body).json()["id"]
    api.wait(run_id, "succeeded")
    return str(run_id)


def promote(api: Api, name: str, run_id: str, alias: str = "production", checkpoint: str = "latest") -> Json:
    """Let an alias stand for a checkpoint; the answer is 200 or 201."""
    answer = api.put(f"/v1/models/{name}/aliases/{alias}", json={"run": run_id, "checkpoint": checkpoint})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def predict(api: Api, name: str, **more: Any) -> Json:
    """Predict by name; the answer is 200."""
    answer = api.post(f"/v1/models/{name}/predict", json={"inputs": POINTS, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def two(api: Api) -> tuple[str, str]:
    """Train two models that differ."""
    return trained(api, 1, "mlp"), trained(api, 2, "mlp")


@pytest.fixture
def name(api: Api, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a name that no other test uses."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[:90]
    yield name
    api.delete(f"/v1/models/{name}")


class TestAliases:
    """PUT and DELETE /v1/models/{name}/aliases/{alias}."""

    def test_the_first_alias_makes_the_model(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """A model begins with version 1, which is a checkpoint of the run."""
        assert api.get(f"/v1/models/{name}").status_code == 404
        answer = api.put(f"/v1/models/{name}/aliases/production", json={"run": two[0], "checkpoint": "best"})
        assert answer.status_code == 201
        alias = answer.json()
        assert (alias["id"], alias["model"], alias["version"], alias["run"]) == ("production", name, 1, two[0])
        best = [c for c in api.get(f"/v1/runs/{two[0]}/checkpoints").json()["data"] if "best" in c["names"]]
        assert [(alias["checkpoint"], alias["step"], alias["weights_digest"])] == [
            (c["id"], c["step"], c["weights_digest"]) for c in best
        ]
        model = api.get(f"/v1/models/{name}").json()
        assert (model["id"], model["aliases"], model["served"]) == (name, {"production": 1}, 1)
        assert [(v["version"], v["run"], v["aliases"]) for v in model["versions"]] == [(1, two[0], ["production"])]
        assert all(api.get(link).status_code == 200 for key, link in model["links"].items() if key != "predict")

    def test_another_run_is_the_next_version_and_the_same_one_is_not(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """Promoting counts versions by their checkpoint; an alias that moves answers 200."""
        assert promote(api, name, two[0])["version"] == 1
        moved = api.put(f"/v1/models/{name}/aliases/production", json={"run": two[1]})
        assert (moved.status_code, moved.json()["version"]) == (200, 2)
        assert promote(api, name, two[0], "canary")["version"] == 1
        assert promote(api, name, two[0])["version"] == 1
        assert promote(api, name, two[0], "early", "20")["version"] == 3
        model = api.get(f"/v1/models/{name}").json()
        assert model["aliases"] == {"canary": 1, "early": 3, "production": 1}
        assert [v["version"] for v in model["versions"]] == [1, 2, 3]
        assert [v["step"] for v in model["versions"]] == [60, 60, 20]

    def test_without_production_the_newest_answers(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """The alias `production` answers; when it is taken away, the newest version does."""
        promote(api, name, two[0])
        promote(api, name, two[1], "candidate")
        assert predict(api, name)["version"] == 1
        assert api.delete(f"/v1/models/{name}/aliases/production").status_code == 204
        assert predict(api, name)["version"] == api.get(f"/v1/models/{name}").json()["served"] == 2
        assert api.delete(f"/v1/models/{name}/aliases/production").status_code == 404
        assert api.delete("/v1/models/nobody/aliases/production").status_code == 404

    @pytest.mark.parametrize("name", ["run_06abc", "stats", ".hidden", "-x", "a b", "ä", "a" * 101, "a%0A", "a\\", "%7F"])
    def test_names_that_are_refused(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """A name is letters, digits, dots, dashes and underscores, is no id of a run and no word of /v2."""
        answer = api.put(f"/v1/models/{name}/aliases/production", json={"run": two[0]})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/path/name"
        if name not in ("run_06abc", "stats"):
            answer = api.put(f"/v1/models/fine/aliases/{name}", json={"run": two[0]})
            assert answer.json()["errors"][0]["pointer"] == "#/path/alias"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 422),
            ({"run": "run_none"}, 404),
            ({"run": 1}, 422),
            ({"run": "run_\ud800"}, 422),
            ({"run": "ds_1"}, 422),
            ({"run": "run_none", "stage": "x"}, 422),
            ({"run": "run_none", "checkpoint": 1}, 422),
        ],
    )
    def test_bodies_that_are_refused(self, api: Api, body: Any, status: int) -> None:
        """The body is strict, and no model is made by it."""
        sent: Any = {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}
        assert api.put("/v1/models/strict/aliases/production", **sent).status_code == status
        assert api.get("/v1/models/strict").status_code == 404

    def test_unknown_checkpoint(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """A checkpoint has to be one of the run."""
        answer = api.put(f"/v1/models/{name}/aliases/production", json={"run": two[0], "checkpoint": "17"})
        assert answer.status_code == 404
        assert "checkpoint" in answer.json()["detail"]

    def test_a_run_without_weights_is_refused(self, idle: Api) -> None:
        """A run that waits has nothing to serve: 409."""
        answer = idle.put("/v1/models/early/aliases/production", json={"run": idle.create()})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "no checkpoint yet" in answer.json()["detail"]
        assert idle.get("/v1/models/early").status_code == 404


class TestPinned:
    """What a version stands for is kept."""

    def test_a_checkpoint_of_a_running_run_is_never_pruned(self, api: Api, name: str) -> None:
        """A run goes on after its checkpoint was promoted: the checkpoint stays, and answers with the same bits."""
        run_id = api.create(training={"steps": 10**9, "log_every": 1000, "checkpoint_every": 10**9})
        api.wait(run_id, "running")
        pinned = promote(api, name, run_id)
        before = predict(api, name)

        def latest() -> int:
            return int(api.get(f"/v1/runs/{run_id}/checkpoints").json()["data"][-1]["step"])

        for _ in range(5):  # commits, each of which takes the checkpoint before it away
            step = latest()
            until(lambda step=step: latest() > step)  # type: ignore[misc]
        kept = api.get(f"/v1/runs/{run_id}/checkpoints").json()["data"]
        assert pinned["checkpoint"] in [checkpoint["id"] for checkpoint in kept]
        assert len(kept) <= 4
        assert predict(api, name) == before
        api.post(f"/v1/runs/{run_id}/cancel")
        api.wait(run_id, "cancelled")
        answer = api.delete(f"/v1/runs/{run_id}")
        assert answer.status_code == 409
        assert name in answer.json()["detail"]
        assert api.delete(f"/v1/models/{name}").status_code == 204
        assert api.delete(f"/v1/runs/{run_id}").status_code == 204

    def test_a_run_is_free_when_its_version_is_deleted(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """A version can be deleted when no alias stands for it; then nothing holds its run."""
        own = trained(api, 7)
        promote(api, name, own)
        answer = api.delete(f"/v1/models/{name}/versions/1")
        assert (answer.status_code, "only one" in answer.json()["detail"]) == (409, True)
        promote(api, name, two[0], "other")
        answer = api.delete(f"/v1/models/{name}/versions/1")
        assert (answer.status_code, "alias" in answer.json()["detail"]) == (409, True)
        promote(api, name, two[0])
        assert api.delete(f"/v1/runs/{own}").status_code == 409
        assert api.delete(f"/v1/models/{name}/versions/1").status_code == 204
        assert api.delete(f"/v1/models/{name}/versions/1").status_code == 404
        assert api.delete(f"/v1/models/{name}/versions/{2**40}").status_code == 422
        assert api.delete(f"/v1/runs/{own}").status_code == 204
        third = trained(api, 8)
        assert promote(api, name, third)["version"] == 3
        assert [v["version"] for v in api.get(f"/v1/models/{name}").json()["versions"]] == [2, 3]

    def test_deleting_a_model_leaves_the_runs(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """A model goes with its versions and aliases; a new one of that name begins at 1."""
        promote(api, name, two[0])
        promote(api, name, two[1])
        assert api.delete(f"/v1/models/{name}").status_code == 204
        assert api.delete(f"/v1/models/{name}").status_code == 404
        assert api.get(f"/v1/models/{name}").status_code == 404
        assert api.run(two[0])["status"] == "succeeded"
        assert promote(api, name, two[1])["version"] == 1


class TestList:
    """GET /v1/models."""

    def test_pages(self, api: Api, two: tuple[str, str]) -> None:
        """Models are listed by name, page after page."""
        names = ["list-a", "list-b", "list-c"]
        for each in names:
            promote(api, each, two[0])
        first = api.get("/v1/models", params={"after": "list", "limit": 2})
        assert [model["id"] for model in first.json()["data"]] == names[:2]
        assert first.json()["has_more"] is True
        second = api.get(first.links["next"]["url"]).json()
        assert second["data"][0]["id"] == "list-c"
        back = api.get("/v1/models", params={"order": "desc", "after": "list-c", "limit": 2}).json()
        assert [model["id"] for model in back["data"]] == ["list-b", "list-a"]
        assert back["data"][0] == api.get("/v1/models/list-b").json()
        for each in names:
            api.delete(f"/v1/models/{each}")


class TestPredict:
    """POST /v1/models/{name}/predict."""

    def test_answers_as_the_run_does(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """The answer is that of the run at the checkpoint, with the name and the version."""
        promote(api, name, two[0])
        answer = predict(api, name)
        assert (answer.pop("model"), answer.pop("version")) == (name, 1)
        assert answer == api.post(f"/v1/runs/{two[0]}/predict", json={"inputs": POINTS}).json()

    def test_by_version_and_by_alias(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """A version or an alias can be asked for; both at once cannot."""
        promote(api, name, two[0])
        promote(api, name, two[1], "canary")
        assert predict(api, name, version=2)["run"] == predict(api, name, alias="canary")["run"] == two[1]
        assert predict(api, name, version=1)["run"] == two[0]
        for wrong in ({"version": 3}, {"alias": "2"}, {"alias": "nobody"}):
            answer = api.post(f"/v1/models/{name}/predict", json={"inputs": POINTS, **wrong})
            assert answer.status_code == 404
            assert name in answer.json()["detail"]
        for bad in ({"version": 1, "alias": "canary"}, {"version": 0}, {"version": 2**63}, {"version": True}, {"alias": ""}):
            assert api.post(f"/v1/models/{name}/predict", json={"inputs": POINTS, **bad}).status_code == 422
        assert api.post("/v1/models/nobody/predict", json={"inputs": POINTS}).status_code == 404

    @pytest.mark.parametrize("inputs", [[], [[1]], [[1, 2, 3]], [["a", 1]], [[None, 1]], [[1e400, 1]], "x", [[1e300, 1e300]]])
    def test_bad_inputs(self, api: Api, name: str, two: tuple[str, str], inputs: Any) -> None:
        """Inputs are checked as those of a run are."""
        promote(api, name, two[0])
        mine, theirs = (
            api.post(path, content=json_of({"inputs": inputs}), headers={"Content-Type": "application/json"})
            for path in (f"/v1/models/{name}/predict", f"/v1/runs/{two[0]}/predict")
        )
        assert mine.status_code == theirs.status_code == 422
        assert mine.json()["errors"] == theirs.json()["errors"]

    def test_a_model_of_text_does_not_classify(self, api: Api, name: str) -> None:
        """A char_rnn may have a name, but predicts no classes."""
        text = {"kind": "text", "text": "to be or not to be " * 20}
        body = {
            "dataset": text,
            "model": {"kind": "char_rnn", "hidden_size": 4, "sequence_length": 5},
            "training": {"steps": 5},
        }
        run_id = api.post("/v1/runs", json=body).json()["id"]
        api.wait(run_id, "succeeded")
        promote(api, name, run_id)
        answer = api.post(f"/v1/models/{name}/predict", json={"inputs": [[1]]})
        assert (answer.status_code, "generate" in answer.json()["detail"]) == (409, True)

    def test_too_many_scores(self, api: Api, name: str, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """What would take too much memory to answer is 413 before it is computed, by whatever protocol it comes."""
        promote(api, name, two[0])
        monkeypatch.setattr("service.runs.predict.MAX_SCORES", 8)
        answer = api.post(f"/v1/models/{name}/predict", json={"inputs": POINTS})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert "3 rows for 3 classes are more than 8 scores" in answer.json()["detail"]
        tensor = {"name": "input", "shape": [3, 2], "datatype": "FP64", "data": POINTS}
        assert api.post(f"/v2/models/{name}/infer", json={"inputs": [tensor]}).status_code == 413

    def test_a_cache_without_room_changes_nothing(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """With no memory for models each prediction reads its checkpoint again, and says the same."""
        with serving(tmp_path_factory.mktemp("cold"), workers=1, model_cache_bytes=0) as api:
            promote(api, "cold", trained(api))
            assert predict(api, "cold") == predict(api, "cold")


class TestSwitch:
    """Moving an alias under load."""

    def test_no_request_fails_while_an_alias_is_moved(self, api: Api, name: str, two: tuple[str, str]) -> None:
        """Every answer is that of one version, bit for bit, and once a move is acknowledged, of the new one."""
        seed = random.randrange(2**32)
        print("seed", seed)  # noqa: T201 (with it the order of the moves can be had again)
        rng = random.Random(seed)
        expected: dict[int, Json] = {}
        for number, run_id in enumerate(two, start=1):
            promote(api, name, run_id)
            expected[number] = without_name(predict(api, name))
        assert expected[1]["scores"] != expected[2]["scores"]
        over, counts = threading.Event(), {1: 0, 2: 0}
        failures: list[str] = []

        def ask() -> None:
            with httpx.Client(base_url=api.base_url, timeout=30) as client:
                while not over.is_set():
                    answer = client.post(f"/v1/models/{name}/predict", json={"inputs": POINTS})
                    body = answer.json()
                    if answer.status_code != 200 or without_name(body) != expected[body["version"]]:
                        failures.append(answer.text)
                        return
                    counts[body["version"]] += 1

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        moves = 0
        while moves < 100 or (not failures and min(counts.values()) == 0):
            number = rng.choice([1, 2])
            promote(api, name, two[number - 1])
            assert predict(api, name)["version"] == number
            moves += 1
        over.set()
        for thread in threads:
            thread.join()
        assert failures == []


class TestRunning:
    """Asking a run that is training for its latest checkpoint."""

    def test_no_request_fails_while_checkpoints_come_and_go(self, api: Api) -> None:
        """A checkpoint may make way for the next one between two looks at the database: the answer is then the next one's."""
        plan = {"steps": 10**9, "log_every": 1000, "checkpoint_every": 10**9}
        run_id = api.create(training=plan)
        api.wait(run_id, "running")
        tensor = {"name": "input", "shape": [3, 2], "datatype": "FP64", "data": POINTS}
        bodies = {f"/v1/runs/{run_id}/predict": {"inputs": POINTS}, f"/v2/models/{run_id}/infer": {"inputs": [tensor]}}
        failures: list[str] = []
        steps: set[int] = set()
        over = threading.Event()

        def ask(path: str) -> None:
            with httpx.Client(base_url=api.base_url, timeout=30) as client:
                while not over.is_set():
                    answer = client.post(path, json=bodies[path])
                    if answer.status_code != 200:
                        failures.append(answer.text)
                    elif "step" in answer.json():
                        steps.add(answer.json()["step"])

        threads = [threading.Thread(target=ask, args=(path,)) for path in bodies for _ in range(3)]
        for thread in threads:
            thread.start()
        until(lambda: failures or len(steps) > 40)
        over.set()
        for thread in threads:
            thread.join()
        api.post(f"/v1/runs/{run_id}/cancel")
        api.wait(run_id, "cancelled")
        assert failures == []


def without_name(answer: Json) -> Json:
    """Return a prediction without the fields that say which version it is of."""
    return {key: value for key, value in answer.items() if key not in ("model", "version")}


def json_of(value: Any) -> str:
    """Write JSON with numbers that are out of range as they stand."""
    return json.dumps(value).replace("Infinity", "1e400")
