"""Quotas of owners, and `GET /v1/usage`."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.store import tables, usage
from service.store.unit import Database
from tests.service.api.conftest import SPIRAL, Api, serving
from tests.service.api.test_keys import RUN, Keyed, bearer

TABLES = {
    "datasets": (tables.datasets, "size_bytes"),
    "runs": (tables.runs, None),
    "points": (tables.metrics, None),
    "checkpoints": (tables.checkpoints, "size_bytes"),
    "answers": (tables.idempotency_keys, "body"),
}


def counted(api: Api) -> dict[str, int]:
    """Count the rows themselves, and sum up their bytes."""
    database: Database = api.app.state.parts.database

    def work(db: Any) -> dict[str, int]:
        found = {}
        for name, (table, column) in TABLES.items():
            rows = db.execute(table.select()).mappings().all()
            found[name] = len(rows)
            if column is not None:
                values = [row[column] for row in rows]
                found[f"{name}_bytes"] = sum(v if isinstance(v, int) else len(v.encode()) for v in values)
            if name == "runs":
                found["runs_bytes"] = sum(len(json.dumps(row[column])) for row in rows for column in WRITTEN)
        return found

    return database.read(work)


WRITTEN = ("dataset", "data", "spec", "tags")


def kept(api: Api) -> dict[str, int]:
    """Return what the triggers have counted."""
    database: Database = api.app.state.parts.database
    return vars(database.read(usage.total))


def dataset(api: Api, secret: str, seed: int = 0) -> Any:
    """Make a dataset of some 8 KB."""
    return api.post("/v1/datasets", json={"parameters": {**SPIRAL, "seed": seed}}, headers=bearer(secret))


class TestDatasets:
    """What one owner may keep does not depend on what others do."""

    def test_bytes_of_one_owner(self, tmp_path: Path) -> None:
        """One owner reaches their own limit: 413 with their sum, the limit, the setting; another goes on."""
        with serving(tmp_path, workers=0, max_datasets_bytes_per_key=12_000) as api:
            keyed = Keyed(api)
            first = dataset(api, keyed.alice)
            assert first.status_code == 201
            refused = dataset(api, keyed.alice, seed=1)
            assert refused.status_code == 413
            for told in ("POSTGRAD_MAX_DATASETS_BYTES_PER_KEY", "12,000", f"{first.json()['size_bytes']:,}"):
                assert told in refused.json()["detail"]
            assert dataset(api, keyed.alice).status_code == 200  # identical bytes are kept already
            assert dataset(api, keyed.bob).status_code == 201
            assert api.delete(f"/v1/datasets/{first.json()['id']}", headers=bearer(keyed.alice)).status_code == 204
            assert dataset(api, keyed.alice, seed=1).status_code == 201

    def test_the_limit_of_the_server_tells_nothing_of_others(self, tmp_path: Path) -> None:
        """Where another owner has filled the server, the message has what came and the limit, and no other number."""
        with serving(tmp_path, workers=0, max_datasets_bytes=12_000) as api:
            keyed = Keyed(api)
            taken = dataset(api, keyed.alice).json()["size_bytes"]
            detail = dataset(api, keyed.bob).json()["detail"]
            assert "POSTGRAD_MAX_DATASETS_BYTES)" in detail
            numbers = {word.strip(":,") for word in detail.split() if word[0].isdigit()}
            assert numbers == {f"{taken:,}", "12,000"}  # what bob sent is as large as what alice has

    def test_number_of_one_owner(self, tmp_path: Path) -> None:
        """One more than an owner may have is 413; nobody has no such limit."""
        with serving(tmp_path, workers=0, max_datasets_per_key=1) as api:
            assert [api.post("/v1/datasets", json={"parameters": {**SPIRAL, "seed": i}}).status_code for i in (7, 8)] == [
                201,
                201,
            ]
            keyed = Keyed(api)
            answers = [dataset(api, keyed.alice, seed) for seed in range(2)]
            assert [answer.status_code for answer in answers] == [201, 413]
            assert "POSTGRAD_MAX_DATASETS_PER_KEY" in answers[1].json()["detail"]
            assert dataset(api, keyed.bob).status_code == 201


def test_number_of_runs(tmp_path: Path) -> None:
    """One run more than an owner may have is 413, also if the others have ended; a deleted one makes room."""
    with serving(tmp_path, workers=0, max_runs_per_key=2) as api:
        keyed = Keyed(api)
        alice = bearer(keyed.alice)
        made = [api.post("/v1/runs", json=RUN, headers=alice).json()["id"] for _ in range(2)]
        api.post(f"/v1/runs/{made[0]}/cancel", headers=alice)
        refused = api.post("/v1/runs", json=RUN, headers=alice)
        assert (refused.status_code, "POSTGRAD_MAX_RUNS_PER_KEY" in refused.text) == (413, True)
        assert api.post("/v1/runs", json=RUN, headers=bearer(keyed.bob)).status_code == 202
        assert api.delete(f"/v1/runs/{made[0]}", headers=alice).status_code == 204
        assert api.post("/v1/runs", json=RUN, headers=alice).status_code == 202


@pytest.mark.parametrize(
    ("limit", "what"),
    [
        ({"max_runs_bytes_per_key": 1024}, "bytes of specs and tags"),
        ({"max_points_per_key": 4}, "5 points"),
        ({"max_checkpoints_bytes_per_key": 1024}, "bytes of checkpoints"),
    ],
    ids=str,
)
def test_what_runs_store(tmp_path: Path, limit: dict[str, int], what: str) -> None:
    """An owner whose runs store as much as is allowed makes no other; what is there can be used and deleted."""
    with serving(tmp_path, workers=1, commit_interval_seconds=0.05, **limit) as api:
        keyed = Keyed(api)
        api.headers.update(bearer(keyed.alice))
        spec = {**RUN, "training": {"steps": 4, "log_every": 1}, "tags": {"a": "x" * 400, "b": "y" * 400}}
        run = api.post("/v1/runs", json=spec).json()["id"]
        api.wait(run, "succeeded")
        refused = [api.post("/v1/runs", json=spec), api.post(f"/v1/runs/{run}/fork", json={})]
        if "max_runs_bytes_per_key" in limit:
            refused.append(api.patch(f"/v1/runs/{run}", json={"tags": {"more": "z"}}))
        for answer in refused:
            assert answer.status_code == 413, answer.text
            assert what in answer.json()["detail"]
            assert f"POSTGRAD_{next(iter(limit)).upper()})" in answer.json()["detail"]
        assert api.patch(f"/v1/runs/{run}", json={"tags": {"b": None}}).status_code == 200
        assert api.post("/v1/runs", json=spec, headers=bearer(keyed.bob)).status_code == 202
        assert api.delete(f"/v1/runs/{run}").status_code == 204
        assert api.post("/v1/runs", json=spec).status_code == 202


@pytest.mark.parametrize(
    "limit", [{"max_answers_per_key": 2}, {"max_answers_bytes_per_key": 6000}, {"max_answers_bytes": 6000}], ids=str
)
def test_kept_answers(tmp_path: Path, limit: dict[str, int]) -> None:
    """An answer that would be one too many is 413 and makes no run; the same is fine without a key, or when it is forgotten."""
    with serving(tmp_path, workers=0, idempotency_key_seconds=2, **limit) as api:
        keyed = Keyed(api)
        alice = bearer(keyed.alice)

        def send(key: str) -> Any:
            return api.post("/v1/runs", json=RUN, headers={**alice, "Idempotency-Key": key})

        answers = [send(f"key {i}") for i in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 413]
        assert f"POSTGRAD_{next(iter(limit)).upper()})" in answers[2].json()["detail"]
        assert send("key 0").headers["Idempotency-Replayed"] == "true"
        assert api.post("/v1/runs", json=RUN, headers=alice).status_code == 202
        assert len(api.get("/v1/runs", headers=alice).json()["data"]) == 3
        api.app.state.parts.keys._kept *= 0
        assert send("key 3").status_code == 202
        assert kept(api)["answers"] == 1


class TestUsage:
    """What is told."""

    def test_the_counters_are_what_is_there(self, tmp_path: Path) -> None:
        """Whatever comes, goes or changes its owner: the kept sums are those of the rows."""
        with serving(tmp_path, workers=1, commit_interval_seconds=0.05) as api:
            stored = api.post("/v1/datasets", json={"parameters": SPIRAL}).json()["id"]
            run = api.ended(dataset={"kind": "stored", "id": stored}, training={"steps": 300, "checkpoint_every": 50})
            assert kept(api) == counted(api)
            longer = api.post(f"/v1/runs/{run['id']}/extend", json={"steps": 600}, headers={"Idempotency-Key": "once"}).json()
            api.wait(longer["id"], "succeeded")
            fork = api.post(f"/v1/runs/{run['id']}/fork", json={}).json()
            api.wait(fork["id"], "succeeded")
            assert kept(api) == counted(api)
            tags = {"tags": {"\N{SNOWMAN}": "many"}}
            assert api.patch(f"/v1/runs/{fork['id']}", json=tags).status_code == 200
            assert kept(api) == counted(api)
            assert kept(api)["points"] > 12
            assert kept(api)["checkpoints"] > 14
            assert kept(api)["answers"] == 1
            keyed = api.post("/v1/api-keys", json={"name": "all", "scopes": ["admin"], "claim": True}).json()
            api.headers.update(bearer(keyed["secret"]))
            told = api.get("/v1/usage").json()
            assert told["owner"] == keyed["owner"]
            for name in ("datasets", "runs", "points", "checkpoints"):
                assert told[name]["count"] == told["server"][name]["count"] == counted(api)[name]
            for one in (longer, fork):
                assert api.delete(f"/v1/runs/{one['id']}").status_code == 204
            assert kept(api) == counted(api)
            api.delete(f"/v1/runs/{run['id']}")
            assert api.delete(f"/v1/datasets/{stored}").status_code == 204
            assert kept(api) == counted(api)
            assert (kept(api)["runs"], kept(api)["points"], kept(api)["checkpoints_bytes"]) == (0, 0, 0)

    def test_each_sees_their_own(self, tmp_path: Path) -> None:
        """An owner is told their own sums and limits; the server's only an admin; nobody's have no limit of an owner."""
        with serving(tmp_path, workers=0, max_queued_runs_per_key=7) as api:
            open_server = api.get("/v1/usage").json()
            assert (open_server["owner"], open_server["datasets"]["max_bytes"]) == ("", None)
            assert open_server["server"]["datasets"]["max_bytes"] == 16 * 2**30
            keyed = Keyed(api)
            size = dataset(api, keyed.alice).json()["size_bytes"]
            api.post("/v1/runs", json=RUN, headers={**bearer(keyed.alice), "Idempotency-Key": "a"})
            alice, bob, admin = (
                api.get("/v1/usage", headers=bearer(secret)).json() for secret in (keyed.alice, keyed.bob, keyed.admin)
            )
            limits = {"max_count": 10_000, "max_bytes": 4 * 2**30}
            assert alice["datasets"] == {"count": 1, "bytes": size, **limits}
            assert alice["queued_runs"] == {"count": 1, "bytes": None, "max_count": 7, "max_bytes": None}
            assert (alice["answers"]["count"], alice["api_keys"]["count"], alice["server"]) == (1, 1, None)
            assert (bob["datasets"], bob["runs"]["count"]) == ({"count": 0, "bytes": 0, **limits}, 0)
            assert (admin["runs"]["count"], admin["server"]["runs"]["count"], admin["server"]["api_keys"]["count"]) == (0, 1, 3)
            scraped = api.get("/metrics", headers=bearer(keyed.bob)).text
            assert f"postgrad_datasets_bytes {float(size)}" in scraped
            assert "postgrad_answers 1.0" in scraped
