"""Idempotency-Key: what is sent twice is made once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.faults.processes import kill_everything, until
from tests.live import live_server
from tests.service.api.conftest import SPIRAL, Api, serving

BODY = {"dataset": SPIRAL, "model": {"kind": "softmax"}, "training": {"steps": 20}}


def send(api: httpx.Client, key: str, path: str = "/v1/runs", body: Any = BODY) -> httpx.Response:
    """Post with a key."""
    return api.post(path, json=body, headers={"Idempotency-Key": key})


def count(api: Api, **filters: str) -> int:
    """Count runs."""
    return len(api.get("/v1/runs", params={"limit": 1000, **filters}).json()["data"])


class TestOnce:
    """One key, one thing."""

    def test_the_same_answer(self, idle: Api) -> None:
        """The second answer is the first, marked; the run is made once."""
        body = {**BODY, "tags": {"once": "same"}}
        first, second = send(idle, "same", body=body), send(idle, "same", body=body)
        assert first.status_code == second.status_code == 202
        assert second.content == first.content
        assert second.headers["Location"] == first.headers["Location"] == f"/v1/runs/{first.json()['id']}"
        assert second.headers["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first.headers
        assert count(idle, tag="once:same") == 1

    def test_another_key_is_another_run(self, idle: Api) -> None:
        """Keys tell requests apart; without one, each request is its own."""
        ids = {send(idle, key).json()["id"] for key in ("one", "two", "One")} | {idle.create(), idle.create()}
        assert len(ids) == 5

    @pytest.mark.parametrize(
        ("path", "body"),
        [("/v1/runs", {**BODY, "name": "other"}), ("/v1/datasets", {"parameters": SPIRAL}), ("/v1/runs/run_0/verify", None)],
    )
    def test_another_request(self, idle: Api, path: str, body: Any) -> None:
        """A key that came with another body or on another route is 422, and nothing is made."""
        send(idle, "taken")
        before = count(idle)
        answer = send(idle, "taken", path, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert answer.json()["errors"][0]["pointer"] == "#/header/idempotency-key"
        assert count(idle) == before

    def test_a_refused_request_leaves_its_key_free(self, idle: Api) -> None:
        """What was refused was not done: the corrected request may use the key."""
        assert send(idle, "free", body={**BODY, "model": {"kind": "none"}}).status_code == 422
        assert send(idle, "free").status_code == 202

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "é".encode()])
    def test_impossible_keys(self, idle: Api, key: str | bytes) -> None:
        """A key is 1 to 255 printable ASCII characters; the refusal names the header."""
        sent = key if isinstance(key, bytes) else key.encode()
        answer = idle.post("/v1/runs", json=BODY, headers=[(b"Idempotency-Key", sent)])
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/header/idempotency-key"

    @pytest.mark.parametrize("key", ["x", "x" * 255, "a b\"c';--%00"])
    def test_possible_keys(self, idle: Api, key: str) -> None:
        """Any other character is as good as the next."""
        assert send(idle, key).json()["id"] == send(idle, key).json()["id"]

    def test_made_from_others(self, api: Api) -> None:
        """Extend, fork, verify and datasets take keys as well."""
        run_id = api.ended(training={"steps": 10})["id"]
        bodies: dict[str, Any] = {"extend": {"steps": 20}, "fork": {"overrides": {"training": {"steps": 30}}}, "verify": None}
        for verb, body in bodies.items():
            first, second = (send(api, f"key-{verb}", f"/v1/runs/{run_id}/{verb}", body) for _ in range(2))
            assert (first.status_code, second.status_code) == (202, 202)
            assert first.content == second.content
            assert second.headers["Idempotency-Replayed"] == "true"
        made = [send(api, "key-data", "/v1/datasets", {"parameters": {"kind": "moons", "seed": 77}}) for _ in range(2)]
        assert [answer.status_code for answer in made] == [201, 201]
        assert made[0].content == made[1].content

    def test_of_a_run_that_is_gone(self, idle: Api) -> None:
        """The answer outlives the run: it is not made anew."""
        run_id = send(idle, "gone").json()["id"]
        idle.delete(f"/v1/runs/{run_id}")
        assert send(idle, "gone").json()["id"] == run_id
        assert idle.get(f"/v1/runs/{run_id}").status_code == 404

    def test_waiting_for_it_again(self, api: Api) -> None:
        """A request that is sent again with the wish to wait gets the same run, ended by now."""
        first = send(api, "again")
        second = api.post("/v1/runs", json=BODY, headers={"Idempotency-Key": "again", "Prefer": "wait=20"})
        assert (second.status_code, second.json()["status"]) == (201, "succeeded")
        assert second.json()["id"] == first.json()["id"]
        assert second.headers["Idempotency-Replayed"] == "true"


class TestRaces:
    """Many at once, and killed."""

    def test_twenty_at_once(self, idle: Api) -> None:
        """Of twenty requests with one key one makes the run; the others get it too, or 409 and get it a moment later."""
        body = {**BODY, "tags": {"once": "twenty"}}

        def one(_: int) -> httpx.Response:
            with httpx.Client(base_url=idle.base_url, timeout=30) as client:
                return send(client, "twenty", body=body)

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(one, range(20)))
        codes = [answer.status_code for answer in answers]
        assert set(codes) <= {202, 409}
        assert sum("Idempotency-Replayed" not in answer.headers for answer in answers if answer.status_code == 202) == 1
        assert {answer.json()["id"] for answer in answers if answer.status_code == 202} == {
            run["id"] for run in idle.get("/v1/runs", params={"tag": "once:twenty"}).json()["data"]
        }
        assert count(idle, tag="once:twenty") == 1
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json()["code"] == "in_flight"
                assert answer.json()["retryable"] is True
                assert answer.headers["Retry-After"] == "1"
        assert send(idle, "twenty", body=body).headers["Idempotency-Replayed"] == "true"

    def test_first_still_in_flight(self, idle: Api) -> None:
        """While the first request is being done, the second is 409 with Retry-After."""
        parts = idle.app.state.parts
        with parts.keys._alone(parts.database, "flying"):
            answer = send(idle, "flying")
            assert (answer.status_code, answer.json()["code"]) == (409, "in_flight")
        assert send(idle, "flying").status_code == 202

    @pytest.mark.parametrize("moment", [0.002, 0.008])
    def test_killed_around_the_commit(self, tmp_path: Path, moment: float) -> None:
        """A server that is killed before it could answer has made the run with its key, or neither; the retry gets one run."""
        data = tmp_path / "data"
        with live_server(data, POSTGRAD_WORKERS="0") as (url, process), httpx.Client(base_url=url, timeout=30) as client:
            send(client, "warm")
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(send, client, "killed")
                answer_or_none(answer.result, moment)
                kill_everything(process)
                answer_or_none(answer.result, None)
        with live_server(data, POSTGRAD_WORKERS="0") as (url, _), httpx.Client(base_url=url, timeout=30) as client:
            again = send(client, "killed")
            assert again.status_code == 202
            runs = client.get("/v1/runs").json()["data"]
            assert len(runs) == 2
            assert runs[0]["id"] == again.json()["id"]

    def test_killed_between_commit_and_answer(self, tmp_path: Path) -> None:
        """A server that is killed when it has committed and not yet answered gives the answer after its restart."""
        data, env = tmp_path / "data", {"POSTGRAD_WORKERS": "0"}
        headers = {"Idempotency-Key": "unheard", "Prefer": "wait=30"}  # without workers, this holds the answer back
        with live_server(data, **env) as (url, process), ThreadPoolExecutor(1) as pool:
            answer = pool.submit(httpx.post, f"{url}/v1/runs", json=BODY, headers=headers, timeout=60)
            until(lambda: httpx.get(f"{url}/v1/runs").json()["data"])
            assert not answer.done()
            kill_everything(process)
            assert answer_or_none(answer.result, None) is None
        with live_server(data, **env) as (url, _), httpx.Client(base_url=url) as client:
            again = send(client, "unheard")
            assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
            assert [run["id"] for run in client.get("/v1/runs").json()["data"]] == [again.json()["id"]]


def answer_or_none(result: Callable[..., httpx.Response], timeout: float | None) -> httpx.Response | None:
    """Wait for an answer, which may not come."""
    try:
        return result(timeout)
    except (TimeoutError, httpx.HTTPError):
        return None


def test_keys_are_forgotten(tmp_path: Path) -> None:
    """After its time a key is as good as new, and its row is swept by the next one."""
    with serving(tmp_path, workers=0, idempotency_key_seconds=3600) as api:
        first = send(api, "short")
        assert send(api, "short").content == first.content
        database = api.app.state.parts.database
        database.write(lambda db: db.execute(text("UPDATE idempotency_keys SET created_at = '2020-01-01 00:00:00.000000'")))
        assert send(api, "short", body={**BODY, "name": "new"}).json()["id"] != first.json()["id"]
        send(api, "other")
        assert database.read(lambda db: db.execute(text("SELECT count(*) FROM idempotency_keys")).scalar_one()) <= 2
        stored = database.read(lambda db: db.execute(text("SELECT body FROM idempotency_keys WHERE key = 'short'")).scalar())
        assert stored is None or json.loads(stored)["name"] == "new"
