"""API keys, whose things they make and see, and the limits of one key."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from service.api import generate
from service.domain import now
from service.errors import NoKey
from service.runs import api_keys
from service.store import tables
from service.store.unit import Database
from tests.faults.processes import until
from tests.service.api.conftest import SPIRAL, Api, serving

RUN = {"dataset": SPIRAL, "model": {"kind": "softmax"}, "training": {"steps": 20}}


def make(api: Api, *scopes: str, by: str | None = None, **more: Any) -> Any:
    """Make a key; return it with its secret."""
    answer = api.post("/v1/api-keys", json={"name": "a key", "scopes": scopes, **more}, headers=bearer(by))
    assert answer.status_code == 201, answer.text
    return answer.json()


def bearer(secret: str | None) -> dict[str, str]:
    """Return the header that a secret is sent in."""
    return {} if secret is None else {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Api]:
    """Run a server without keys and workers."""
    with serving(tmp_path, workers=0) as api:
        yield api


class Keyed:
    """A server with keys of an admin and two others, by their names."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.admin = make(api, "admin")["secret"]
        self.alice, self.bob = (make(api, "train", by=self.admin)["secret"] for _ in range(2))


@pytest.fixture
def keyed(fresh: Api) -> Keyed:
    """Run a server with keys."""
    return Keyed(fresh)


class TestLife:
    """Make, look, delete."""

    def test_the_first_key_closes_the_server(self, fresh: Api) -> None:
        """A server without keys is open to whatever is sent; from the first key on, each request needs one."""
        assert fresh.get("/v1/runs", headers=bearer("pg_of_another_server")).status_code == 200
        made = make(fresh, "admin")
        assert fresh.get("/v1/runs").status_code == 401
        assert fresh.get("/v1/runs", headers=bearer(made["secret"])).status_code == 200
        assert fresh.get("/v1/runs", headers={"Authorization": f"bearer   {made['secret']}"}).status_code == 200

    def test_the_secret_is_shown_once_and_kept_nowhere(self, fresh: Api, tmp_path: Path) -> None:
        """It has 200 random bits and a known beginning; the database has its digest alone."""
        made = make(fresh, "admin")
        secret = made["secret"]
        assert (len(secret), secret[:3], secret.startswith(made["prefix"])) == (43, "pg_", True)
        listed = fresh.get("/v1/api-keys", headers=bearer(secret)).json()["data"]
        again = fresh.get(f"/v1/api-keys/{made['id']}", headers=bearer(secret)).json()
        assert [key["id"] for key in listed] == [made["id"]]
        assert {**again, "secret": secret, "last_used_at": None} == made
        assert not [path for path in tmp_path.rglob("*sqlite3*") if secret[9:].encode() in path.read_bytes()]

    def test_a_deleted_key_is_refused_at_once(self, keyed: Keyed) -> None:
        """The next request is 401; what the key has made is there for the admin."""
        key = make(keyed.api, "train", by=keyed.admin)
        run = keyed.api.post("/v1/runs", json=RUN, headers=bearer(key["secret"])).json()["id"]
        url = f"/v1/api-keys/{key['id']}"
        assert keyed.api.delete(url, headers=bearer(keyed.admin)).status_code == 204
        assert keyed.api.delete(url, headers=bearer(keyed.admin)).status_code == 404
        assert keyed.api.get("/v1/runs", headers=bearer(key["secret"])).status_code == 401
        assert keyed.api.get(f"/v1/runs/{run}", headers=bearer(keyed.admin)).status_code == 200
        successor = make(keyed.api, "train", by=keyed.admin, owner=key["id"])["secret"]
        assert keyed.api.get(f"/v1/runs/{run}", headers=bearer(successor)).status_code == 200

    def test_a_key_expires(self, keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
        """At its moment it is refused, and the answer says why."""
        made = make(keyed.api, "read", by=keyed.admin, expires_in=3600)
        end = datetime.fromisoformat(made["expires_at"])
        monkeypatch.setattr("service.runs.api_keys.now", lambda: end - timedelta(milliseconds=1))
        assert keyed.api.get("/v1/runs", headers=bearer(made["secret"])).status_code == 200
        monkeypatch.setattr("service.runs.api_keys.now", lambda: end)
        answer = keyed.api.get("/v1/runs", headers=bearer(made["secret"]))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert made["id"] in answer.json()["detail"]
        assert made["secret"] not in answer.text

    def test_the_last_admin_cannot_lock_everybody_out(self, keyed: Keyed) -> None:
        """The last key for admin is not deleted over HTTP, and the first key is one."""
        mine = keyed.api.get("/v1/api-keys", params={"order": "asc"}, headers=bearer(keyed.admin)).json()["data"][0]["id"]
        answer = keyed.api.delete(f"/v1/api-keys/{mine}", headers=bearer(keyed.admin))
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        make(keyed.api, "admin", by=keyed.admin)
        assert keyed.api.delete(f"/v1/api-keys/{mine}", headers=bearer(keyed.admin)).status_code == 204

    def test_two_admins_that_delete_each_other(self, keyed: Keyed) -> None:
        """One of them stays."""
        second = make(keyed.api, "admin", by=keyed.admin)
        first = keyed.api.get("/v1/api-keys", params={"order": "asc"}, headers=bearer(keyed.admin)).json()["data"][0]
        begin, statuses = Barrier(2), []

        def delete(key_id: str, secret: str) -> None:
            begin.wait()
            url = f"{keyed.api.base_url}/v1/api-keys/{key_id}"
            statuses.append(httpx.delete(url, headers=bearer(secret)).status_code)

        pair = [(second["id"], keyed.admin), (first["id"], second["secret"])]
        threads = [Thread(target=delete, args=both) for both in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) in ([204, 401], [204, 409])

    @pytest.mark.parametrize(
        "body",
        [
            {"scopes": ["read"]},
            {"scopes": []},
            {"scopes": ["root"]},
            {"scopes": "admin"},
            {"scopes": ["admin"], "secret": "pg_mine"},
            {"scopes": ["admin"], "expires_at": "2020-01-01T00:00:00Z"},
            {"scopes": ["admin"], "expires_at": "2999-01-01T00:00:00"},
            {"scopes": ["admin"], "expires_at": 32503680000},
            {"scopes": ["admin"], "expires_at": "32503680000"},
            {"scopes": ["admin"], "expires_at": "9999-12-31T23:59:59-10:00"},
            {"scopes": ["admin"], "expires_in": 0},
            {"scopes": ["admin"], "expires_in": 5, "expires_at": "2999-01-01T00:00:00Z"},
            {"scopes": ["admin"], "owner": "key_0"},
            {"scopes": ["admin"], "name": "a\nb"},
        ],
    )
    def test_bad_requests(self, fresh: Api, body: Any) -> None:
        """What cannot be used is 422, and no key is made; so the server stays open."""
        assert fresh.post("/v1/api-keys", json={"name": "x", **body}).status_code == 422
        assert fresh.get("/v1/api-keys").json()["data"] == []

    def test_last_used_is_written_at_most_once_a_minute(self, keyed: Keyed) -> None:
        """A hundred requests cost one write."""
        database = keyed.api.app.state.parts.database
        used = select(tables.api_keys.c.last_used_at).where(tables.api_keys.c.digest == api_keys.digest(keyed.alice))
        begun = now()
        assert keyed.api.get("/v1/runs", headers=bearer(keyed.alice)).status_code == 200
        until(lambda: database.read(lambda db: db.execute(used).scalar_one()))
        first = database.read(lambda db: db.execute(used).scalar_one())
        assert begun <= first <= now()
        for _ in range(20):
            keyed.api.get("/v1/info", headers=bearer(keyed.alice))
        assert database.read(lambda db: db.execute(used).scalar_one()) == first

    def test_a_server_that_needs_a_key_and_has_none_does_not_start(self, tmp_path: Path) -> None:
        """It says how to make one."""
        keyring = api_keys.Keyring(_migrated(tmp_path), required=True)
        with pytest.raises(NoKey, match=r"none has been made: .*postgrad keys create --name me --scope admin"):
            keyring.check()


def _migrated(tmp_path: Path) -> Database:
    from service.store.migrate import upgrade  # noqa: PLC0415 (only here)

    url = f"sqlite:///{tmp_path / 'keys.sqlite3'}"
    upgrade(url)
    return Database(url)


class TestOwners:
    """Whose things are seen."""

    def test_equal_bytes_are_kept_for_each(self, keyed: Keyed) -> None:
        """Two keys with the same dataset have one each: neither learns of the other's, nor deletes it."""
        answers = [
            keyed.api.post("/v1/datasets", json={"parameters": SPIRAL}, headers=bearer(who)) for who in (keyed.alice, keyed.bob)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        first, second = (answer.json() for answer in answers)
        assert (first["digest"], first["id"]) == (second["digest"], first["id"])
        assert first["id"] != second["id"]
        assert keyed.api.delete(f"/v1/datasets/{first['id']}", headers=bearer(keyed.bob)).status_code == 404
        again = keyed.api.post("/v1/datasets", json={"parameters": SPIRAL}, headers=bearer(keyed.alice))
        assert (again.status_code, again.json()["id"]) == (200, first["id"])

    def test_idempotency_keys_are_of_one(self, keyed: Keyed) -> None:
        """The same Idempotency-Key of two keys is two requests, and neither gets the other's answer."""
        answers = [
            keyed.api.post("/v1/runs", json=RUN, headers={**bearer(who), "Idempotency-Key": "same"})
            for who in (keyed.alice, keyed.bob, keyed.alice)
        ]
        ids = [answer.json()["id"] for answer in answers]
        assert ids[0] == ids[2] != ids[1]
        assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, None, "true"]

    def test_what_was_made_before_is_everybodys_until_it_is_claimed(self, fresh: Api) -> None:
        """Every key sees and changes it; a key made with `claim` gets it for itself."""
        run = fresh.post("/v1/runs", json=RUN).json()["id"]
        keyed = Keyed(fresh)
        for who in (keyed.alice, keyed.bob):
            assert fresh.get(f"/v1/runs/{run}", headers=bearer(who)).status_code == 200
            assert fresh.patch(f"/v1/runs/{run}", json={"name": "x"}, headers=bearer(who)).status_code == 200
        heir = make(fresh, "train", by=keyed.admin, claim=True)["secret"]
        seen = [
            fresh.get(f"/v1/runs/{run}", headers=bearer(who)).status_code for who in (keyed.alice, keyed.bob, heir, keyed.admin)
        ]
        assert seen == [404, 404, 200, 200]

    @pytest.mark.parametrize("twice", ["models", "datasets"])
    def test_what_the_owner_has_already_cannot_be_claimed(self, fresh: Api, tmp_path: Path, twice: str) -> None:
        """A model of the same name, or a dataset of the same bytes, is named: no key is made, and nothing changes hands."""
        data = fresh.post("/v1/datasets", json={"parameters": SPIRAL}).json()["id"]
        keyed = Keyed(fresh)
        (alice,) = fresh.get("/v1/api-keys", params={"limit": 1}, headers=bearer(keyed.admin)).json()["data"]
        database = Database(f"sqlite:///{tmp_path / 'postgrad.sqlite3'}")
        if twice == "models":
            rows = [{"id": f"model_{i}", "name": "net", "owner": owner} for i, owner in enumerate(("", alice["owner"]))]
            more = {"last_version": 1, "created_at": now()}
            database.write(lambda db: db.execute(insert(tables.models), [{**row, **more} for row in rows]))
        else:
            kept = database.read(lambda db: db.execute(select(tables.datasets)).one())._asdict()
            database.write(
                lambda db: db.execute(insert(tables.datasets).values({**kept, "id": "ds_2", "owner": alice["owner"]}))
            )
        database.close()
        body = {"name": "heir", "scopes": ["train"], "owner": alice["owner"], "claim": True}
        answer = fresh.post("/v1/api-keys", json=body, headers=bearer(keyed.admin))
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert f"{twice} of the same" in answer.json()["detail"]
        assert len(fresh.get("/v1/api-keys", headers=bearer(keyed.admin)).json()["data"]) == 3
        assert fresh.get(f"/v1/datasets/{data}", headers=bearer(keyed.bob)).status_code == 200

    def test_the_queue_counts_all_and_shows_ones_own(self, keyed: Keyed) -> None:
        """The place of a run counts those of others before it, which are not shown."""
        keyed.api.post("/v1/runs", json=RUN, headers=bearer(keyed.alice))
        mine = keyed.api.post("/v1/runs", json=RUN, headers=bearer(keyed.bob)).json()
        assert mine["queue_position"] == 2
        shown = keyed.api.get("/v1/queue", headers=bearer(keyed.bob)).json()
        assert ([run["run"] for run in shown["queued"]], shown["queued_count"]) == ([mine["id"]], 1)
        assert keyed.api.get("/v1/queue", headers=bearer(keyed.admin)).json()["queued_count"] == 2
        assert keyed.api.get("/v1/info", headers=bearer(keyed.bob)).json()["queued"] == 1

    def test_a_name_of_a_model_is_ones_own(self, tmp_path: Path) -> None:
        """Two keys, and nobody, have a model of the same name: each gets its own, by every route and protocol."""
        with serving(tmp_path, workers=1, commit_interval_seconds=0.05) as api:
            shared = api.ended(training={"steps": 7})["id"]
            assert api.put("/v1/models/net/aliases/production", json={"run": shared}).status_code == 201
            keyed = Keyed(api)
            assert _answers(api, keyed.alice) == [shared] * 4
            runs = {}
            for who in (keyed.alice, keyed.bob, keyed.admin):
                api.headers.update(bearer(who))
                runs[who] = api.ended(training={"steps": 8})["id"]
                made = api.put("/v1/models/net/aliases/production", json={"run": runs[who]})
                assert (made.status_code, made.json()["version"]) == (201, 1)
            for who, run in runs.items():
                assert _answers(api, who) == [run] * 4
            del api.headers["Authorization"]
            assert api.delete("/v1/models/net", headers=bearer(keyed.alice)).status_code == 204
            assert _answers(api, keyed.alice) == [shared] * 4
            assert _answers(api, keyed.bob) == [runs[keyed.bob]] * 4


def _answers(api: Api, who: str) -> list[str]:
    """Return which run answers by the name `net`, as it is told in four places."""
    headers = bearer(who)
    (listed,) = api.get("/v1/models", headers=headers).json()["data"]
    one = api.get("/v1/models/net", headers=headers).json()
    asked = api.post("/v1/models/net/predict", json={"inputs": [[0, 0]]}, headers=headers).json()["run"]
    alias = api.post("/v1/models/net/predict", json={"inputs": [[0, 0]], "alias": "production"}, headers=headers).json()["run"]
    assert api.get("/v2/models/net", headers=headers).status_code == 200
    return [listed["versions"][-1]["run"], one["versions"][-1]["run"], asked, alias]


def test_who_waits_is_not_answered_after_the_key_has_gone(keyed: Keyed) -> None:
    """A request that waits for a run ends when its key is deleted, without the run."""
    keys = keyed.api.get("/v1/api-keys", headers=bearer(keyed.admin)).json()["data"]
    (alice,) = [key["id"] for key in keys if keyed.alice.startswith(key["prefix"])]
    run = keyed.api.post("/v1/runs", json=RUN, headers=bearer(keyed.alice)).json()["id"]
    watch, answers = keyed.api.app.state.parts.watch, []

    def wait() -> None:
        headers = {**bearer(keyed.alice), "Prefer": "wait=25"}
        answers.append(httpx.get(f"{keyed.api.base_url}/v1/runs/{run}", headers=headers, timeout=60))

    waiting = Thread(target=wait)
    waiting.start()
    until(lambda: watch._waiters)
    begun = time.monotonic()
    assert keyed.api.delete(f"/v1/api-keys/{alice}", headers=bearer(keyed.admin)).status_code == 204
    waiting.join()
    assert time.monotonic() - begun < 20
    assert (answers[0].status_code, answers[0].json()["code"]) == (401, "unauthenticated")
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_text_is_not_written_on_after_the_key_has_gone(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of characters ends within a second or so after its key was deleted."""

    def characters() -> Iterator[str]:
        for _ in range(600):
            time.sleep(0.05)
            yield "x"

    monkeypatch.setattr(generate, "write", lambda *_: (SimpleNamespace(id="ckpt_1", run_id="run_1", step=1), characters()))
    keys = keyed.api.get("/v1/api-keys", headers=bearer(keyed.admin)).json()["data"]
    (alice,) = [key["id"] for key in keys if keyed.alice.startswith(key["prefix"])]
    headers = {**bearer(keyed.alice), "Accept": "text/event-stream"}
    url, body = f"{keyed.api.base_url}/v1/runs/run_1/generate", {"length": 100, "prompt": "x"}
    with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: character"
        assert keyed.api.delete(f"/v1/api-keys/{alice}", headers=bearer(keyed.admin)).status_code == 204
        rest = list(lines)
    assert [line for line in rest if line.startswith("event: ") and line != "event: character"] == ["event: end"]
    assert 'data: {"reason": "key_revoked"}' in rest
    assert len(rest) < 3 * 400


class TestLimits:
    """What one key may have."""

    def test_requests_in_a_minute(self, tmp_path: Path) -> None:
        """One more than allowed is 429 with the seconds to wait, in the shape of each protocol; others are not held up."""
        with serving(tmp_path, workers=0, max_requests_per_minute=3) as api:
            keyed = Keyed(api)
            statuses = [api.get("/v1/runs", headers=bearer(keyed.alice)).status_code for _ in range(4)]
            assert statuses == [200] * 3 + [429]  # one more would be let in after 20 seconds
            refused = api.get("/v1/runs", headers=bearer(keyed.alice))
            assert refused.json()["code"] == "too_many_requests"
            assert 1 <= int(refused.headers["Retry-After"]) <= 20
            assert list(api.get("/v2", headers=bearer(keyed.alice)).json()) == ["error"]
            mlflow = httpx.get(f"{api.base_url}/api/2.0/mlflow/runs/get?run_id=run_0", headers=bearer(keyed.alice))
            assert mlflow.json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
            assert api.get("/v1/runs", headers=bearer(keyed.bob)).status_code == 200
            assert api.get("/healthz").status_code == 200
            guesses = [api.get("/v1/runs", headers=bearer("pg_guess")).status_code for _ in range(8)]
            assert set(guesses) == {401, 429}

    def test_queued_runs(self, tmp_path: Path) -> None:
        """One more than a key may have is 429; another key, and one without a limit of its own, can go on."""
        with serving(tmp_path, workers=0, max_queued_runs_per_key=2) as api:
            assert [api.post("/v1/runs", json=RUN).status_code for _ in range(3)] == [202] * 3
            keyed = Keyed(api)
            answers = [api.post("/v1/runs", json=RUN, headers=bearer(keyed.alice)) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [202, 202, 429]
            assert "POSTGRAD_MAX_QUEUED_RUNS_PER_KEY" in answers[-1].json()["detail"]
            assert api.post("/v1/runs", json=RUN, headers=bearer(keyed.bob)).status_code == 202

    def test_running_runs(self, tmp_path: Path) -> None:
        """With one running run of a key, its second waits while a free worker takes another's."""
        long = {**RUN, "training": {"steps": 10**7}}
        with serving(tmp_path, workers=2, max_running_runs_per_key=1, commit_interval_seconds=0.05) as api:
            keyed = Keyed(api)
            api.headers.update(bearer(keyed.alice))
            first, second = (api.post("/v1/runs", json=long).json()["id"] for _ in range(2))
            other = api.post("/v1/runs", json=long, headers=bearer(keyed.bob)).json()["id"]
            api.headers.update(bearer(keyed.admin))
            for run in (first, other):
                api.wait(run, "running")
            assert api.run(second)["status"] == "queued"
            api.post(f"/v1/runs/{first}/cancel")
            api.wait(second, "running")

    def test_the_cost_of_a_run(self, tmp_path: Path) -> None:
        """A run that is estimated to take too long is 413, also when it is only checked, or made of another."""
        with serving(tmp_path, workers=1, max_run_seconds=5, commit_interval_seconds=0.05) as api:
            dear = {**RUN, "training": {"steps": 10**8}}
            for path in ("/v1/runs", "/v1/runs/validate"):
                answer = api.post(path, json=dear)
                assert (answer.status_code, "POSTGRAD_MAX_RUN_SECONDS" in answer.text) == (413, True)
            run = api.ended(training={"steps": 10})["id"]
            assert api.post(f"/v1/runs/{run}/extend", json={"steps": 10**8}).status_code == 413

    def test_bytes_of_datasets(self, tmp_path: Path) -> None:
        """A dataset that would not fit beside the others is 413; one that is kept already is not kept again."""
        with serving(tmp_path, workers=0, max_datasets_bytes=12_000) as api:
            first = api.post("/v1/datasets", json={"parameters": SPIRAL})
            assert first.status_code == 201
            for answer in (
                api.post("/v1/datasets", json={"parameters": {"kind": "spiral", "seed": 5}}),
                api.post("/v1/datasets/upload", files={"file": ("a.txt", b"abc " * 3000)}),
            ):
                assert (answer.status_code, "POSTGRAD_MAX_DATASETS_BYTES" in answer.text) == (413, True)
            assert api.post("/v1/datasets", json={"parameters": SPIRAL}).status_code == 200
            assert api.delete(f"/v1/datasets/{first.json()['id']}").status_code == 204
            assert api.post("/v1/datasets", json={"parameters": {"kind": "spiral", "seed": 5}}).status_code == 201

    def test_a_stream_ends_with_its_key(self, tmp_path: Path) -> None:
        """One stream more than a key may have is 429; a stream of a key that is deleted ends at the next look."""
        with serving(tmp_path, workers=0, max_streams_per_key=1, stream_keep_alive_seconds=3600) as api:
            keyed = Keyed(api)
            key = make(api, "train", by=keyed.admin)
            run = api.post("/v1/runs", json=RUN, headers=bearer(key["secret"])).json()["id"]
            headers = {**bearer(key["secret"]), "Accept": "text/event-stream"}
            with httpx.stream("GET", f"{api.base_url}/v1/runs/{run}/events", headers=headers, timeout=30) as stream:
                lines = stream.iter_lines()
                assert next(line for line in lines if line.startswith("event: ")) == "event: state"
                refused = httpx.get(f"{api.base_url}/v1/runs/{run}/events", headers=headers)
                assert (refused.status_code, "POSTGRAD_MAX_STREAMS_PER_KEY" in refused.text) == (429, True)
                api.delete(f"/v1/api-keys/{key['id']}", headers=bearer(keyed.admin))
                told = [line for line in lines if line.startswith("data: ")]  # the run does not change, and no comment is due
            assert json.loads(told[-1].removeprefix("data: "))["reason"] == "key_revoked"
