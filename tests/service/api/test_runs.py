"""/v1/runs: create, look, wait, stop, delete."""

import math
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from service.domain import LOSS_SERIES
from service.settings import Settings
from tests.service.api.conftest import SPIRAL, Api, Json, serving

EXAMPLE: dict[str, Any] = {  # the contract's own (design/API.md, "A run")
    "name": "two-layer net on the spiral",
    "dataset": {"kind": "spiral", "points_per_class": 100, "classes": 3, "noise": 0.2, "seed": 0},
    "model": {"kind": "mlp", "hidden_sizes": [100], "reg": 0.001},
    "optimizer": {"kind": "sgd", "learning_rate": 1.0},
    "training": {
        "steps": 10000,
        "batch_size": None,
        "seed": 0,
        "dtype": "float32",
        "log_every": 10,
        "validation_fraction": 0.0,
        "early_stopping": None,
    },
    "tags": {"course": "cs231n"},
}
EVERY_OPTIMIZER = {"schedule": None, "clip": None}
EVERY_PLAN = {"standardize": False, "stratify": False, "class_weights": None, "target": None, "time_budget": None}
ENDLESS = {"steps": 10**9, "log_every": 1000}
POSTED = {"predict", "evaluate", "cancel", "pause", "resume", "extend", "fork", "verify"}


@pytest.fixture(scope="module")
def example(api: Api) -> Json:
    """Train the contract's example to its end."""
    return api.wait(api.post("/v1/runs", json=EXAMPLE).json()["id"], "succeeded")


@pytest.fixture(scope="module")
def softmax(api: Api) -> Json:
    """Train a softmax classifier with every default."""
    return api.ended()


@pytest.fixture(scope="module")
def validated(api: Api) -> Json:
    """Train a classifier with a part of the examples held out."""
    return api.ended(training={"steps": 55, "log_every": 10, "validation_fraction": 0.2})


@pytest.fixture(scope="module")
def diverged(api: Api) -> Json:
    """Train with a learning rate that throws the loss out of the finite numbers."""
    return api.ended(optimizer={"kind": "sgd", "learning_rate": 1e6}, training={"steps": 100, "log_every": 1})


@pytest.fixture
def running(api: Api) -> Iterator[str]:
    """Keep a run going that would take days, and cancel it at the end."""
    run_id = api.create(training=ENDLESS)
    api.wait(run_id, "running")
    yield run_id
    if api.run(run_id)["status"] == "running":
        api.post(f"/v1/runs/{run_id}/cancel")
        api.wait(run_id, "cancelled")


class TestCreate:
    """POST /v1/runs."""

    def test_answers_before_the_training(self, idle: Api) -> None:
        """A new run is stored and queued: 202, where it is, when to look again, and its spec with every default filled in."""
        answer = idle.post("/v1/runs", json=EXAMPLE)
        run = answer.json()
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"/v1/runs/{run['id']}" == run["links"]["self"]
        assert int(answer.headers["Retry-After"]) >= 1
        assert (run["object"], run["status"], run["stop_reason"], run["attempt"]) == ("run", "queued", None, 0)
        assert {part: run[part] for part in EXAMPLE} == {
            **EXAMPLE,
            "model": {**EXAMPLE["model"], "activation": "relu", "init": "normal", "l1": 0.0, "dropout": 0.0},
            "optimizer": {**EXAMPLE["optimizer"], "momentum": 0.0, "nesterov": False, **EVERY_OPTIMIZER},
            "training": {**EXAMPLE["training"], "checkpoint_every": 500, **EVERY_PLAN},
        }
        assert run["data"] == {"examples": 300, "features": ["x1", "x2"], "classes": [0, 1, 2]}
        assert run["progress"] == {
            "step": 0, "steps": 10000, "fraction": 0, "steps_per_second": None, "training_seconds": 0, "eta_seconds": None
        }  # fmt: skip
        assert run["metrics"] == {}
        assert (run["error"], run["weights_digest"], run["started_at"], run["finished_at"]) == (None, None, None, None)
        assert idle.get(answer.headers["Location"]).json() == run

    def test_defaults_are_the_courses(self, idle: Api) -> None:
        """A run needs a dataset and a model; steps, optimizer and the rest come from the course's case study."""
        run = idle.run(idle.create())
        assert run["name"] is None
        assert run["tags"] == {}
        assert run["dataset"] == EXAMPLE["dataset"]
        assert run["model"] == {"kind": "softmax", "reg": 0.001, "l1": 0.0}
        assert run["optimizer"] == {"kind": "sgd", "learning_rate": 1.0, "momentum": 0.0, "nesterov": False, **EVERY_OPTIMIZER}
        assert run["training"] == {
            **EXAMPLE["training"],
            "steps": 200,
            "checkpoint_every": 10,
            **EVERY_PLAN,
        }

    def test_spec_digest_names_what_is_trained(self, idle: Api) -> None:
        """Runs of the same spec have the same spec_digest, whatever they are called; another seed is another spec."""
        first, renamed, other = (
            idle.run(idle.create(**fields))["spec_digest"]
            for fields in ({}, {"name": "x", "tags": {"a": "b"}}, {"training": {"seed": 1}})
        )
        assert first == renamed != other

    def test_full_queue(self, tmp_path: Path) -> None:
        """When too many runs wait, a new one is refused for now: 429, when to try again, and the setting to change."""
        with serving(tmp_path, workers=0, max_queued_runs=2) as api:
            for _ in range(2):
                api.create()
            answer = api.post("/v1/runs", json=EXAMPLE)
            assert answer.status_code == 429
            assert answer.json()["code"] == "queue_full"
            assert "POSTGRAD_MAX_QUEUED_RUNS" in answer.json()["detail"]
            assert len(api.get("/v1/runs").json()["data"]) == 2


class TestFinished:
    """A run that has taken all its steps."""

    def test_tells_how_it_went(self, example: Json) -> None:
        """The finished example has its last and best metrics, the digest of its weights, and is as good as the course's net."""
        assert (example["status"], example["stop_reason"], example["attempt"]) == ("succeeded", "completed", 1)
        assert example["error"] is None
        assert example["progress"]["step"] == example["progress"]["steps"] == 10000
        assert example["progress"]["fraction"] == 1
        assert example["progress"]["eta_seconds"] is None
        assert example["weights_digest"].startswith("sha256:")
        assert len(example["weights_digest"]) == len("sha256:") + 64
        assert example["metrics"]["train_accuracy"]["last"] >= 0.97
        assert example["metrics"]["loss"]["last"] < 0.26

    def test_links_lead_somewhere(self, api: Api, example: Json) -> None:
        """Every link of a run can be followed: GET for what it holds, POST for what can be done with it."""
        for name, link in example["links"].items():
            status = api.get(link).status_code
            assert status == (405 if name in POSTED else 200), link

    def test_times_are_utc_and_in_order(self, example: Json) -> None:
        """Times are RFC 3339 in UTC, in the order in which things happened."""
        names = ("created_at", "started_at", "finished_at", "updated_at")
        assert all(example[name].endswith("Z") for name in names)
        times = [datetime.fromisoformat(example[name]) for name in names]
        assert times == sorted(times)

    def test_best_is_the_best_of_the_history(self, api: Api, example: Json) -> None:
        """Of each loss the lowest point is the best, of the accuracy the highest; last is the last point."""
        history = api.get(f"/v1/runs/{example['id']}/metrics").json()
        for name, better in (("loss", min), ("data_loss", min), ("train_accuracy", max)):
            points, summary = history["series"][name], example["metrics"][name]
            assert summary["last"] == points[-1]
            assert summary["best"] == better(points)
            assert summary["best_step"] == history["steps"][points.index(better(points))]
        assert example["metrics"]["learning_rate"] == {"last": 1.0, "best": None, "best_step": None}

    def test_same_spec_same_bits(self, api: Api, softmax: Json) -> None:
        """Training the same spec again gives the same weights and the same history, bit for bit."""
        again = api.ended()
        assert again["weights_digest"] == softmax["weights_digest"]
        histories = [api.get(f"/v1/runs/{run['id']}/metrics").json() for run in (softmax, again)]
        assert histories[0]["series"] == histories[1]["series"]


class TestHistory:
    """GET /v1/runs/{id}/loss-history and /metrics."""

    def test_starts_with_the_untrained_model(self, api: Api, softmax: Json) -> None:
        """The loss of an untrained softmax over three classes is ln 3; after training it is the course's 0.79 or less."""
        loss = api.get(f"/v1/runs/{softmax['id']}/loss-history").json()["series"]["loss"]
        assert loss[0] == pytest.approx(math.log(3), rel=0.01)
        assert loss[-1] == pytest.approx(0.786, abs=0.01)

    def test_has_both_ends_and_is_in_order(self, api: Api, validated: Json) -> None:
        """Points are at every multiple of log_every and at both ends, once each and in order."""
        history = api.get(f"/v1/runs/{validated['id']}/loss-history").json()
        assert history["steps"] == [0, 10, 20, 30, 40, 50, 55]
        assert history["total_points"] == 7
        assert history["downsampled"] is False
        assert all(len(values) == 7 for values in history["series"].values())
        assert (history["run"], history["status"], history["object"]) == (validated["id"], "succeeded", "loss_history")

    def test_long_history_is_whole(self, api: Api, example: Json) -> None:
        """All 1001 points of the example are there, strictly in order, and none of them is null."""
        history = api.get(f"/v1/runs/{example['id']}/loss-history").json()
        assert history["steps"] == list(range(0, 10001, 10))
        assert history["total_points"] == 1001
        assert history["nonfinite"] == {}
        assert all(isinstance(value, float) for values in history["series"].values() for value in values)

    def test_loss_is_the_sum_of_its_parts(self, api: Api, example: Json) -> None:
        """At every point, loss = data_loss + reg_loss."""
        series = api.get(f"/v1/runs/{example['id']}/loss-history").json()["series"]
        parts = zip(series["loss"], series["data_loss"], series["reg_loss"], strict=True)
        assert all(loss == pytest.approx(data + reg, rel=1e-6) for loss, data, reg in parts)

    @pytest.mark.parametrize(
        ("query", "steps"),
        [
            ({"from_step": 20}, [20, 30, 40, 50, 55]),
            ({"to_step": 20}, [0, 10, 20]),
            ({"from_step": 11, "to_step": 54}, [20, 30, 40, 50]),
            ({"from_step": 0, "to_step": 0}, [0]),
            ({"from_step": 56}, []),
            ({"from_step": 30, "to_step": 20}, []),
        ],
    )
    @pytest.mark.parametrize("kind", ["loss-history", "metrics"])
    def test_a_part_of_it(self, api: Api, validated: Json, kind: str, query: dict[str, int], steps: list[int]) -> None:
        """from_step and to_step cut out a part, both included; total_points is still that of the run."""
        history = api.get(f"/v1/runs/{validated['id']}/{kind}", params=query).json()
        assert history["steps"] == steps
        assert all(len(values) == len(steps) for values in history["series"].values())
        assert history["total_points"] == 7

    def test_series_with_a_meaning(self, api: Api, softmax: Json, validated: Json) -> None:
        """Metrics has every series, those of the validation part only when there is one; loss-history has the losses."""
        plain = {"loss", "data_loss", "reg_loss", "train_accuracy", "learning_rate", "grad_norm", "update_ratio"}
        for run, expected in ((softmax, plain), (validated, plain | {"val_loss", "val_accuracy"})):
            metrics = api.get(f"/v1/runs/{run['id']}/metrics").json()
            assert metrics["object"] == "metrics"
            assert set(metrics["series"]) == expected == set(run["metrics"])
            losses = api.get(f"/v1/runs/{run['id']}/loss-history").json()
            assert set(losses["series"]) == expected & set(LOSS_SERIES)
            assert all(losses["series"][name] == metrics["series"][name] for name in losses["series"])

    def test_queued_run_has_none_yet(self, idle: Api) -> None:
        """The history of a run that waits is empty."""
        history = idle.get(f"/v1/runs/{idle.create()}/loss-history").json()
        assert (history["status"], history["steps"], history["total_points"]) == ("queued", [], 0)

    def test_grows_while_the_run_trains(self, api: Api, running: str) -> None:
        """While a run trains, its history can be read already, and grows."""
        before = after = api.get(f"/v1/runs/{running}/loss-history").json()
        while after["total_points"] == before["total_points"]:
            after = api.get(f"/v1/runs/{running}/loss-history").json()
        assert after["total_points"] > before["total_points"] > 0
        assert after["steps"][: len(before["steps"])] == before["steps"]


class TestList:
    """GET /v1/runs."""

    def test_pages_without_gap_or_repeat(self, idle: Api) -> None:
        """Following the Link header walks through all runs, the newest first, each once; order=asc turns it around."""
        created = [idle.create(tags={"list": "pages"}) for _ in range(7)]
        for order, expected in (("desc", created[::-1]), ("asc", created)):
            url: str | None = f"/v1/runs?tag=list:pages&limit=3&order={order}"
            walked, pages = [], 0
            while url:
                page = idle.get(url)
                body, pages = page.json(), pages + 1
                walked += [run["id"] for run in body["data"]]
                assert (body["first_id"], body["last_id"]) == (body["data"][0]["id"], body["data"][-1]["id"])
                assert body["has_more"] == ("next" in page.links)
                url = page.links.get("next", {}).get("url")
            assert walked == expected
            assert pages == 3

    def test_page_that_is_just_full(self, idle: Api) -> None:
        """A page that holds the very last run says so: no has_more, no Link to an empty page."""
        for _ in range(2):
            idle.create(tags={"list": "full"})
        page = idle.get("/v1/runs", params={"tag": "list:full", "limit": 2})
        assert len(page.json()["data"]) == 2
        assert page.json()["has_more"] is False
        assert set(page.links) == {"first"}

    def test_runs_made_meanwhile_do_not_shift_pages(self, idle: Api) -> None:
        """A run that is created between two pages neither repeats nor hides another."""
        created = [idle.create(tags={"list": "shift"}) for _ in range(4)]
        first = idle.get("/v1/runs", params={"tag": "list:shift", "limit": 2})
        idle.create(tags={"list": "shift"})
        second = idle.get(first.links["next"]["url"])
        assert [run["id"] for page in (first, second) for run in page.json()["data"]] == created[::-1]

    def test_empty(self, idle: Api) -> None:
        """A list without runs is a list."""
        empty = idle.get("/v1/runs", params={"tag": "nobody:has this"}).json()
        assert empty == {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None, "next_after": None}

    def test_filters(self, idle: Api) -> None:
        """Runs are found by status, by kind of model, by kept dataset, and by all of them together."""
        dataset = idle.post("/v1/datasets", json={"parameters": {"kind": "moons", "seed": 77}}).json()["id"]
        stored = {"dataset": {"kind": "stored", "id": dataset}, "tags": {"list": "filters"}}
        svm = idle.create("svm", **stored)
        softmax = idle.create("softmax", **stored)
        idle.create("svm", tags={"list": "filters"})
        cancelled = idle.create("softmax", **stored)
        idle.post(f"/v1/runs/{cancelled}/cancel")

        def found(**query: str) -> list[str]:
            listed = idle.get("/v1/runs", params={"tag": "list:filters", "order": "asc", **query}).json()["data"]
            return [run["id"] for run in listed]

        assert found(dataset=dataset) == [svm, softmax, cancelled]
        assert found(status="cancelled") == [cancelled]
        assert found(dataset=dataset, model="softmax") == [softmax, cancelled]
        assert found(dataset=dataset, model="softmax", status="queued") == [softmax]
        assert found(model="mlp") == []
        assert found(dataset="ds_unknown") == []

    def test_all_tags_must_match(self, idle: Api) -> None:
        """`tag=key:value` may be repeated: all must match; a value may hold a colon."""
        both = idle.create(tags={"course": "cs231n", "url": "http://a:1"})
        one = idle.create(tags={"course": "cs231n"})

        def found(*tags: str) -> set[str]:
            return {run["id"] for run in idle.get("/v1/runs", params={"tag": list(tags)}).json()["data"]}

        assert found("course:cs231n") >= {both, one}
        assert found("course:cs231n", "url:http://a:1") == {both}
        assert found("course:cs231n", "url:http") == set()

    @pytest.mark.parametrize("key", ["a.b", "a b", "é", "$", "a[0]", "1", "😀", "%", "it's", "status", "a/b"])
    def test_tags_of_any_spelling_are_found(self, idle: Api, key: str) -> None:
        """What can be a tag can be searched for, also when it looks like a path or a pattern."""
        run = idle.create(tags={key: key})
        found = idle.get("/v1/runs", params={"tag": f"{key}:{key}"}).json()["data"]
        assert [run["id"] for run in found] == [run]

    @pytest.mark.parametrize("key", ['a"b', "a\\b"])
    def test_tags_with_quote_or_backslash_are_found(self, idle: Api, key: str) -> None:
        """A tag whose key holds a quote or a backslash can be searched for."""
        run = idle.create(tags={key: "x"})
        assert [run["id"] for run in idle.get("/v1/runs", params={"tag": f"{key}:x"}).json()["data"]] == [run]

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("tag=nocolon", "#/query/tag/0"),
            ("tag=a:b&tag=:b", "#/query/tag/1"),
            ("tag=a%00b:c", "#/query/tag/0"),
            ("tag=a:b%0A", "#/query/tag/0"),
            ("status=done", "#/query/status"),
            ("model=forest", "#/query/model"),
            ("limit=0", "#/query/limit"),
            ("limit=1001", "#/query/limit"),
            ("limit=ten", "#/query/limit"),
            ("limit=99999999999999999999999999", "#/query/limit"),
            ("order=random", "#/query/order"),
        ],
    )
    def test_bad_query(self, idle: Api, query: str, pointer: str) -> None:
        """A filter that means nothing is refused, and pointed at, instead of listing everything."""
        idle.create()
        answer = idle.get(f"/v1/runs?{query}")
        assert answer.status_code == 422
        assert [item["pointer"] for item in answer.json()["errors"]] == [pointer]


class TestCancel:
    """POST /v1/runs/{id}/cancel."""

    def test_queued_run_stops_at_once(self, idle: Api) -> None:
        """A run that waits is cancelled when the answer comes: 200."""
        run_id = idle.create()
        answer = idle.post(f"/v1/runs/{run_id}/cancel")
        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["stop_reason"]) == ("cancelled", "cancelled")
        assert answer.json()["finished_at"] is not None
        assert answer.json() == idle.run(run_id)

    def test_running_run_keeps_what_it_learned(self, api: Api, running: str) -> None:
        """A running run is asked to stop (202), then stops, and its last and best checkpoint can still be used."""
        answer = api.post(f"/v1/runs/{running}/cancel")
        assert answer.status_code == 202
        assert answer.json()["cancel_requested"] is True
        run = api.wait(running, "cancelled")
        assert run["stop_reason"] == "cancelled"
        assert 0 < run["progress"]["step"] < ENDLESS["steps"]
        assert 0 < run["progress"]["fraction"] < 1
        checkpoints = api.get(f"/v1/runs/{running}/checkpoints").json()["data"]
        assert checkpoints[-1]["step"] == run["progress"]["step"]
        assert checkpoints[-1]["weights_digest"] == run["weights_digest"]
        assert {name for checkpoint in checkpoints for name in checkpoint["names"]} == {"latest", "best"}
        for name in ("latest", "best"):
            predicted = api.post(f"/v1/runs/{running}/predict", json={"inputs": [[0.1, 0.2]], "checkpoint": name})
            assert predicted.status_code == 200
        assert api.get(f"/v1/runs/{running}/loss-history").json()["steps"][-1] <= run["progress"]["step"]

    def test_twice_is_once(self, api: Api, running: str) -> None:
        """Cancelling again changes nothing, neither while the run stops nor after."""
        codes = [api.post(f"/v1/runs/{running}/cancel").status_code for _ in range(2)]
        assert codes in ([202, 202], [202, 200])
        run = api.wait(running, "cancelled")
        again = api.post(f"/v1/runs/{running}/cancel")
        assert again.status_code == 200
        assert again.json() == run
        events = api.get(f"/v1/runs/{running}/events", params={"limit": 1000}).json()["data"]
        assert sum("cancel_requested" in event["data"] for event in events) == 1
        assert sum(event["data"].get("status") == "cancelled" for event in events) == 1

    def test_finished_run_is_finished(self, api: Api, softmax: Json) -> None:
        """A run that has succeeded cannot be cancelled: 409, with what can be done instead."""
        answer = api.post(f"/v1/runs/{softmax['id']}/cancel")
        assert answer.status_code == 409
        assert answer.json()["code"] == "illegal_transition"
        assert answer.json()["allowed"] == ["extend", "fork", "verify", "delete"]
        assert "succeeded" in answer.json()["detail"]
        assert api.run(softmax["id"]) == softmax


class TestDelete:
    """DELETE /v1/runs/{id}."""

    def test_running_run_must_be_cancelled_first(self, api: Api, running: str) -> None:
        """A running run cannot be deleted: 409, and it goes on."""
        answer = api.delete(f"/v1/runs/{running}")
        assert answer.status_code == 409
        assert answer.json()["allowed"] == ["pause", "cancel", "fork"]
        assert api.run(running)["status"] == "running"

    def test_deleted_run_is_gone_with_all_it_had(self, api: Api) -> None:
        """After 204 the run, its history, events, checkpoints and predictions are 404, and it is in no list."""
        run_id = api.ended(training={"steps": 5}, tags={"delete": "me"})["id"]
        before = api.post(f"/v1/runs/{run_id}/predict", json={"inputs": [[0.1, 0.2]]})
        assert before.status_code == 200
        assert api.delete(f"/v1/runs/{run_id}").status_code == 204
        here = f"/v1/runs/{run_id}"
        for path in ("", "/loss-history", "/metrics", "/events", "/checkpoints"):
            answer = api.get(here + path)
            assert answer.status_code == 404, path
            assert answer.json()["detail"] == f"there is no run '{run_id}'"
        assert api.post(f"{here}/predict", json={"inputs": [[0.1, 0.2]]}).status_code == 404
        assert api.post(f"{here}/evaluate", json={}).status_code == 404
        assert api.post(f"{here}/cancel").status_code == 404
        assert api.delete(here).status_code == 404
        assert api.get("/v1/runs", params={"tag": "delete:me"}).json()["data"] == []

    def test_queued_and_cancelled_runs(self, idle: Api) -> None:
        """A run that waits or was cancelled can be deleted."""
        waiting, cancelled = idle.create(), idle.create()
        idle.post(f"/v1/runs/{cancelled}/cancel")
        for run_id in (waiting, cancelled):
            assert idle.delete(f"/v1/runs/{run_id}").status_code == 204
            assert idle.get(f"/v1/runs/{run_id}").status_code == 404


class TestValidate:
    """POST /v1/runs/validate."""

    def test_creates_nothing(self, idle: Api) -> None:
        """A dry run returns the resolved spec, the size and the cost, and no run is created."""
        before = idle.get("/v1/runs").json()
        answer = idle.post("/v1/runs/validate", json=EXAMPLE)
        assert answer.status_code == 200
        run = idle.run(idle.create("mlp"))
        estimate = answer.json()
        assert {part: estimate[part] for part in ("model", "training", "data", "optimizer")} == {
            part: run[part] for part in ("model", "training", "data", "optimizer")
        }
        assert estimate["parameters"] == 2 * 100 + 100 + 100 * 3 + 3
        assert estimate["memory_bytes"] > 4 * estimate["parameters"]
        idle.delete(f"/v1/runs/{run['id']}")
        assert idle.get("/v1/runs").json() == before

    def test_estimate_grows_with_the_work(self, idle: Api) -> None:
        """Ten times the steps take about ten times as long; a wider net takes more memory."""

        def estimate(steps: int, hidden: int) -> Json:
            model = {"kind": "mlp", "hidden_sizes": [hidden]}
            return idle.post("/v1/runs/validate", json={"dataset": SPIRAL, "model": model, "training": {"steps": steps}}).json()

        short, long, wide = estimate(1000, 10), estimate(10_000, 10), estimate(1000, 1000)  # with as many checkpoints each
        assert long["estimated_seconds"] == pytest.approx(10 * short["estimated_seconds"], rel=0.2)
        assert long["memory_bytes"] == short["memory_bytes"]
        assert wide["estimated_seconds"] > short["estimated_seconds"] > 0
        assert wide["memory_bytes"] > short["memory_bytes"]

    @pytest.mark.parametrize("path", ["/v1/runs/validate", "/v1/runs"])
    def test_too_large_a_run(self, idle: Api, path: str) -> None:
        """A run that needs more memory than allowed is refused: 413, what it needs, what is allowed, and the setting."""
        body = {"dataset": SPIRAL, "model": {"kind": "mlp", "hidden_sizes": [10_000] * 5}}
        answer = idle.post(path, json=body)
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"
        assert "POSTGRAD_WORKER_MEMORY_BYTES" in answer.json()["detail"]
        assert f"{Settings().worker_memory_bytes:,}" in answer.json()["detail"]


class TestEvents:
    """GET /v1/runs/{id}/events."""

    def test_tell_the_life_of_a_run(self, api: Api, example: Json) -> None:
        """Events are numbered from 1 without a gap, in the order of time, from queued to succeeded."""
        events = api.get(f"/v1/runs/{example['id']}/events", params={"limit": 1000}).json()["data"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert {event["kind"] for event in events} == {"state", "attempt", "metrics", "checkpoint"}
        (attempt,) = [event["data"] for event in events if event["kind"] == "attempt"]
        assert attempt == {"attempt": 1, "from_step": 0}
        states = [event["data"]["status"] for event in events if event["kind"] == "state"]
        assert states == ["queued", "running", "succeeded"]
        times = [datetime.fromisoformat(event["created_at"]) for event in events]
        assert all(earlier <= later for earlier, later in pairwise(times))

    def test_metrics_events_cover_the_history(self, api: Api, example: Json) -> None:
        """The metrics events tell of every point of the history once, the checkpoint events of every kept checkpoint."""
        events = api.get(f"/v1/runs/{example['id']}/events", params={"limit": 1000}).json()["data"]
        intervals = [event["data"] for event in events if event["kind"] == "metrics"]
        assert sum(interval["points"] for interval in intervals) == 1001
        assert all(before["to_step"] < after["from_step"] for before, after in pairwise(intervals))
        told = [event["data"]["id"] for event in events if event["kind"] == "checkpoint"]
        kept = [checkpoint["id"] for checkpoint in api.get(f"/v1/runs/{example['id']}/checkpoints").json()["data"]]
        assert set(told) <= set(kept)
        assert len(told) == 21

    def test_paging(self, api: Api, example: Json) -> None:
        """Following the Link header from any event on gives all that came after it, each once."""
        whole = api.get(f"/v1/runs/{example['id']}/events", params={"limit": 1000}).json()["data"]
        url: str | None = f"/v1/runs/{example['id']}/events?after=3&limit=7"
        walked = []
        while url:
            page = api.get(url)
            walked += page.json()["data"]
            url = page.links.get("next", {}).get("url")
        assert walked == whole[3:]
        end = api.get(f"/v1/runs/{example['id']}/events", params={"after": len(whole)}).json()
        assert (end["data"], end["has_more"], end["first_id"], end["last_id"]) == ([], False, None, None)


class TestDiverged:
    """A run that left the finite numbers."""

    def test_says_why(self, diverged: Json) -> None:
        """It has failed; its error names the step, the tensor and what to try, and no weights are promised."""
        assert (diverged["status"], diverged["stop_reason"]) == ("failed", "diverged")
        error = diverged["error"]
        assert error["code"] == "diverged"
        assert error["step"] == diverged["progress"]["step"] > 0
        assert error["tensor"]
        assert "learning rate" in error["suggestion"]
        assert error["suggestion"] in error["detail"]
        assert diverged["weights_digest"] is None
        assert diverged["metrics"]["loss"]["last"] is None
        assert diverged["metrics"]["loss"]["best"] == pytest.approx(math.log(3), rel=0.01)

    def test_history_has_null_and_its_kind(self, api: Api, diverged: Json) -> None:
        """The point that is not finite is null in the series, with its kind beside it; all before it are numbers."""
        history = api.get(f"/v1/runs/{diverged['id']}/loss-history").json()
        last = history["steps"][-1]
        assert last == diverged["error"]["step"]
        assert history["series"]["loss"][-1] is None
        assert None not in history["series"]["loss"][:-1]
        assert [(point["step"], point["kind"]) for point in history["nonfinite"]["loss"]] in (
            [(last, "nan")],
            [(last, "inf")],
        )
        before = api.get(f"/v1/runs/{diverged['id']}/loss-history", params={"to_step": last - 1}).json()
        assert before["nonfinite"] == {}

    def test_last_finite_checkpoint_is_kept(self, api: Api, diverged: Json) -> None:
        """Its last finite checkpoint and the best one are kept and predict with finite numbers."""
        checkpoints = api.get(f"/v1/runs/{diverged['id']}/checkpoints").json()["data"]
        assert 0 < checkpoints[-1]["step"] < diverged["error"]["step"]
        for name, step in (("latest", checkpoints[-1]["step"]), ("best", 0)):
            answer = api.post(f"/v1/runs/{diverged['id']}/predict", json={"inputs": [[0.5, 0.5]], "checkpoint": name})
            assert answer.status_code == 200
            assert answer.json()["step"] == step
            assert all(math.isfinite(value) for row in answer.json()["scores"] for value in row)

    def test_cannot_be_cancelled(self, api: Api, diverged: Json) -> None:
        """A failed run has ended: it cannot be cancelled."""
        answer = api.post(f"/v1/runs/{diverged['id']}/cancel")
        assert answer.status_code == 409
        assert answer.json()["allowed"] == ["extend", "fork", "delete"]
