"""Pause, resume, extend, fork and verify, as a client sees them."""

import json
from typing import Any

import pytest

from tests.service.api.conftest import Api

LONG = {"steps": 10**8, "log_every": 1000}
SHORT = {"steps": 40, "log_every": 10}


class TestPause:
    """POST /v1/runs/{id}/pause and /resume."""

    def test_a_running_run_is_paused_and_goes_on(self, api: Api) -> None:
        """202, then it is paused at a checkpoint that can be used; resumed, it goes on from there."""
        run_id = api.create(training=LONG)
        api.wait(run_id, "running")
        answer = api.post(f"/v1/runs/{run_id}/pause")
        assert (answer.status_code, answer.json()["pause_requested"]) == (202, True)
        paused = api.wait(run_id, "paused")
        assert (paused["pause_requested"], paused["finished_at"]) == (False, None)
        assert api.get("/v1/runs", params={"status": "paused", "limit": 1000}).json()["data"]
        assert api.post(f"/v1/runs/{run_id}/predict", json={"inputs": [[0, 0]]}).status_code == 200
        assert api.post(f"/v1/runs/{run_id}/pause").status_code == 200
        resumed = api.post(f"/v1/runs/{run_id}/resume")
        assert (resumed.status_code, resumed.json()["status"]) == (202, "queued")
        assert api.wait(run_id, "running")["progress"]["step"] >= paused["progress"]["step"]
        api.post(f"/v1/runs/{run_id}/cancel")
        assert api.wait(run_id, "cancelled")["attempt"] == 2

    def test_a_queued_run_is_paused_at_once(self, idle: Api) -> None:
        """200; it can be cancelled, at once as well."""
        run_id = idle.create()
        answer = idle.post(f"/v1/runs/{run_id}/pause")
        assert (answer.status_code, answer.json()["status"]) == (200, "paused")
        answer = idle.post(f"/v1/runs/{run_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")

    def test_a_paused_run_can_be_deleted(self, idle: Api) -> None:
        """Nobody works on it."""
        run_id = idle.create()
        idle.post(f"/v1/runs/{run_id}/pause")
        assert idle.delete(f"/v1/runs/{run_id}").status_code == 204

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_a_run_that_has_ended_stays_so(self, api: Api, verb: str) -> None:
        """409, with what is possible."""
        run = api.ended(training=SHORT)
        answer = api.post(f"/v1/runs/{run['id']}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
        assert answer.json()["allowed"] == ["extend", "fork", "verify", "delete"]

    @pytest.mark.parametrize("verb", ["pause", "resume", "extend", "fork", "verify"])
    def test_there_is_no_such_run(self, idle: Api, verb: str) -> None:
        """404, like everywhere."""
        answer = idle.post(f"/v1/runs/run_0/{verb}", json={"steps": 10} if verb == "extend" else {})
        assert answer.status_code == 404


class TestExtend:
    """POST /v1/runs/{id}/extend."""

    @pytest.mark.parametrize("training", [{}, {"batch_size": 32}])
    def test_an_extended_run_is_one_long_run(self, api: Api, training: dict[str, Any]) -> None:
        """Weights and curve are those of a run of so many steps."""
        whole = api.ended(training={**SHORT, **training, "steps": 80})
        short = api.ended(training={**SHORT, **training})
        answer = api.post(f"/v1/runs/{short['id']}/extend", json={"steps": 80})
        assert answer.status_code == 202
        run = answer.json()
        assert answer.headers["Location"] == run["links"]["self"]
        assert (run["parent"]["run"], run["parent"]["relation"], run["parent"]["step"]) == (short["id"], "extend", 40)
        assert (run["progress"]["step"], run["progress"]["steps"]) == (40, 80)
        run = api.wait(run["id"], "succeeded")
        assert run["weights_digest"] == whole["weights_digest"]
        curves = [api.get(f"/v1/runs/{one['id']}/loss-history").json() for one in (run, whole)]
        assert curves[0]["steps"] == curves[1]["steps"]
        assert curves[0]["series"] == curves[1]["series"]
        assert api.run(short["id"]) == short

    def test_what_is_refused(self, api: Api) -> None:
        """No more steps: 422 at the field; a run that trains: 409."""
        run = api.ended(training=SHORT)
        answer = api.post(f"/v1/runs/{run['id']}/extend", json={"steps": 40})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/steps"
        run_id = api.create(training=LONG)
        api.wait(run_id, "running")
        answer = api.post(f"/v1/runs/{run_id}/extend", json={"steps": 50})
        assert (answer.status_code, answer.json()["allowed"]) == (409, ["pause", "cancel", "fork"])
        api.post(f"/v1/runs/{run_id}/cancel")


class TestFork:
    """POST /v1/runs/{id}/fork."""

    def test_a_fork(self, api: Api) -> None:
        """It begins at the checkpoint, has the changed spec, and keeps saying so when its parent is gone."""
        parent = api.ended("mlp", training={**SHORT, "checkpoint_every": 20})
        body = {
            "checkpoint": 20,
            "name": "other",
            "tags": {"a": "b"},
            "overrides": {"optimizer": {"kind": "adam"}, "training": {"steps": 60}, "model": {"reg": 0}},
        }
        answer = api.post(f"/v1/runs/{parent['id']}/fork", json=body)
        assert answer.status_code == 202, answer.text
        run = api.wait(answer.json()["id"], "succeeded")
        assert (run["name"], run["tags"], run["optimizer"]["kind"], run["model"]["reg"]) == ("other", {"a": "b"}, "adam", 0)
        assert run["model"]["hidden_sizes"] == parent["model"]["hidden_sizes"]
        assert api.get(f"/v1/runs/{run['id']}/metrics").json()["steps"] == [20, 30, 40, 50, 60]
        assert api.delete(f"/v1/runs/{parent['id']}").status_code == 204
        assert api.run(run["id"])["parent"] == run["parent"]
        assert (run["parent"]["run"], run["parent"]["step"]) == (parent["id"], 20)

    def test_a_run_that_trains_can_be_forked(self, api: Api) -> None:
        """Its latest checkpoint is there."""
        run_id = api.create(training=LONG)
        api.wait(run_id, "running")
        answer = api.post(f"/v1/runs/{run_id}/fork", json={})
        assert answer.status_code == 202
        assert api.post(f"/v1/runs/{answer.json()['id']}/cancel").status_code in (200, 202)
        api.post(f"/v1/runs/{run_id}/cancel")

    @pytest.mark.parametrize(
        ("overrides", "pointer"),
        [
            ({"optimizer": {"learning_rate": 0}}, "#/overrides/optimizer/learning_rate"),
            ({"model": {"hidden_sizes": [7]}}, "#/overrides/model/hidden_sizes"),
            ({"training": {"dtype": "float64"}}, "#/overrides/training/dtype"),
            ({"optimizer": {"\ud800": 1}}, "#/overrides/optimizer/'\\ud800'"),
            (
                {"optimizer": {"schedule": {"kind": "step", "every": 5, "\ud800": 1}}},
                "#/overrides/optimizer/schedule/'\\ud800'",
            ),
            ({"dataset": {}}, "#/overrides/dataset"),
            ({"optimizer": 3}, "#/overrides/optimizer"),
            ({"optimizer": {"kind": []}}, "#/overrides/optimizer/kind"),
            ({"model": {"kind": None}}, "#/overrides/model/kind"),
        ],
    )
    def test_what_is_wrong_is_named(self, api: Api, overrides: dict[str, Any], pointer: str) -> None:
        """422 with the path of the field."""
        run = api.ended("mlp", training=SHORT)
        raw = json.dumps({"overrides": overrides})  # which escapes half a surrogate; httpx would refuse to send it
        answer = api.post(f"/v1/runs/{run['id']}/fork", content=raw, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_verify(api: Api) -> None:
    """The same spec trained again comes to the same weights, and the new run says so."""
    run = api.ended(training=SHORT)
    answer = api.post(f"/v1/runs/{run['id']}/verify")
    assert (answer.status_code, answer.json()["verified"]) == (202, None)
    again = api.wait(answer.json()["id"], "succeeded")
    assert (again["verified"], again["weights_digest"], again["spec_digest"]) == (
        True,
        run["weights_digest"],
        run["spec_digest"],
    )
    assert again["parent"]["relation"] == "verify"
