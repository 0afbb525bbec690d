"""Prefer: wait=N, ETag, and what changes a run without training it."""

import re
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from service.actor import NOBODY
from service.errors import Busy
from tests.faults.processes import until
from tests.live import live_server
from tests.service.api.conftest import SPIRAL, Api, Json, serving

SHORT = {"dataset": SPIRAL, "model": {"kind": "softmax"}, "training": {"steps": 50}}
LONG = {"steps": 900_000}
WAIT, SOON = 60, 40  # seconds: what ends a wait of one minute ends it long before
TELLS = """
import runpy, sys
from service.runs import watch

change = watch.Watch.change

def told(self, run, seconds):
    print("waits for", run.id, file=sys.stderr, flush=True)
    return change(self, run, seconds)

watch.Watch.change = told
if __name__ == "__main__":
    runpy.run_module("service", run_name="__main__")
"""
"""A server that tells in its log who waits."""


def prefer(seconds: object) -> dict[str, str]:
    """Return the header."""
    return {"Prefer": f"wait={seconds}"}


def waits_for(api: Api, run_id: str) -> bool:
    """Whether a request waits for a run by now."""
    return run_id in {waiter.run_id for waiter in tuple(api.app.state.parts.watch._waiters)}


def ended_by(api: Api, run_id: str, end: Callable[[str], object], headers: dict[str, str]) -> httpx.Response:
    """Ask for a run, and do something to it once the request waits; return the answer, which comes by that."""
    url = f"/v1/runs/{run_id}"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, f"{api.base_url}{url}", headers={**headers, **prefer(WAIT)}, timeout=2 * WAIT)
        until(lambda: waits_for(api, run_id))
        end(url)
        return answer.result(SOON)


class TestOfAnother:
    """POST /v1/runs/{id}/extend, /fork and /verify."""

    @pytest.mark.parametrize("verb", ["extend", "fork", "verify"])
    def test_finished_in_time(self, api: Api, verb: str) -> None:
        """A run that is made of another is waited for as well; sent again with its key, the request waits again."""
        parent = api.ended(training=SHORT["training"])
        headers = {**prefer(20), "Idempotency-Key": f"{verb} and wait"}
        first, again = (
            api.post(f"/v1/runs/{parent['id']}/{verb}", json={"steps": 60} if verb == "extend" else {}, headers=headers)
            for _ in range(2)
        )
        assert first.status_code == again.status_code == 201
        assert first.headers["Preference-Applied"] == "wait=20"
        assert (first.json()["status"], first.json()["parent"]["relation"]) == ("succeeded", verb)
        assert first.json()["verified"] is (True if verb == "verify" else None)
        assert first.json() == again.json() == api.get(first.headers["Location"]).json()
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_not_in_time(self, api: Api) -> None:
        """A run that has not ended in time is answered as without the wish."""
        parent = api.ended(training=SHORT["training"])
        answer = api.post(f"/v1/runs/{parent['id']}/extend", json=LONG, headers=prefer(1))
        api.post(f"/v1/runs/{answer.json()['id']}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        assert "Preference-Applied" not in answer.headers


class TestCreate:
    """POST /v1/runs."""

    def test_finished_in_time(self, api: Api) -> None:
        """A run that ends in time comes back ended: 201, and the wish was fulfilled."""
        answer = api.post("/v1/runs", json=SHORT, headers=prefer(20))
        assert answer.status_code == 201
        assert answer.headers["Preference-Applied"] == "wait=20"
        assert answer.json()["status"] == "succeeded"
        assert answer.json() == api.get(answer.headers["Location"]).json()
        assert "Retry-After" not in answer.headers

    def test_failed_in_time(self, api: Api) -> None:
        """A run that fails has ended too."""
        body = {**SHORT, "optimizer": {"kind": "sgd", "learning_rate": 1e6}, "training": {"steps": 100, "log_every": 1}}
        answer = api.post("/v1/runs", json=body, headers=prefer(20))
        assert (answer.status_code, answer.json()["status"]) == (201, "failed")

    def test_not_in_time(self, idle: Api) -> None:
        """A run that has not ended in time is answered as without the wish, after that time."""
        begun = time.monotonic()
        answer = idle.post("/v1/runs", json=SHORT, headers=prefer(1))
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        assert "Preference-Applied" not in answer.headers
        assert time.monotonic() - begun >= 1

    @pytest.mark.parametrize("wish", ["", "wait", "wait=", "wait=-1", "wait=x", "wait=1.5", "respond-async", "wait=0", "é"])
    def test_other_wishes_are_ignored(self, idle: Api, wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is no whole number of seconds is not waited for, as the RFC has it."""
        waited: list[object] = []
        monkeypatch.setattr("service.api.waiting._finished", lambda *given: waited.append(given))
        answer = idle.post("/v1/runs", json=SHORT, headers=[(b"Prefer", wish.encode())])
        assert (answer.status_code, waited) == (202, [])

    @pytest.mark.parametrize("wish", ["respond-async, wait=20", 'WAIT="20"', "handling=lenient; x=1, wait = 20"])
    def test_among_other_wishes(self, api: Api, wish: str) -> None:
        """The wish may stand among others."""
        assert api.post("/v1/runs", json=SHORT, headers={"Prefer": wish}).status_code == 201

    def test_a_database_that_is_busy_meanwhile(self, idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that was stored is told, though it cannot be looked at: whoever tried again would make another one."""

        def busy(*_: object) -> None:
            raise Busy("the database cannot be used now")

        monkeypatch.setattr("service.api.waiting._shown", busy)
        answer = idle.post("/v1/runs", json=SHORT, headers=prefer(20))
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")

    def test_paused_meanwhile(self, idle: Api) -> None:
        """A run that is paused does not end, so its creator does not go on waiting; a deleted one neither."""
        for verb in ("pause", "delete"):
            with ThreadPoolExecutor(1) as pool:
                known = {run["id"] for run in idle.get("/v1/runs?limit=1000").json()["data"]}
                wish = {"json": SHORT, "headers": prefer(WAIT), "timeout": 2 * WAIT}
                answer = pool.submit(httpx.post, f"{idle.base_url}/v1/runs", **wish)  # type: ignore[arg-type]
                until(lambda known=known: _new(idle, known))  # type: ignore[misc]
                (run_id,) = _new(idle, known)
                until(lambda run_id=run_id: waits_for(idle, run_id))  # type: ignore[misc]
                assert (idle.delete if verb == "delete" else idle.post)(
                    f"/v1/runs/{run_id}" + ("" if verb == "delete" else "/pause")
                ).status_code in (200, 204)
                assert answer.result(SOON).status_code == 202


def _new(api: Api, known: set[str]) -> set[str]:
    """Return runs that were not there."""
    return {run["id"] for run in api.get("/v1/runs?limit=1000").json()["data"]} - known


class TestEtag:
    """GET /v1/runs/{id}."""

    def test_unchanged(self, idle: Api) -> None:
        """What the client has already is not sent again."""
        url = f"/v1/runs/{idle.create()}"
        etag = idle.get(url).headers["ETag"]
        for given in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            answer = idle.get(url, headers={"If-None-Match": given})
            assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
        for given in ('"x"', "x", etag[1:-1], ""):
            assert idle.get(url, headers={"If-None-Match": given}).status_code == 200

    def test_changes_with_the_run(self, idle: Api) -> None:
        """Any change of the body changes the tag."""
        run_id = idle.create()
        tags = [idle.get(f"/v1/runs/{run_id}").headers["ETag"]]
        for change in ({"name": "a"}, {"tags": {"a": "b"}}, {"priority": 3}):
            idle.patch(f"/v1/runs/{run_id}", json=change)
            tags.append(idle.get(f"/v1/runs/{run_id}").headers["ETag"])
        idle.post(f"/v1/runs/{run_id}/cancel")
        tags.append(idle.get(f"/v1/runs/{run_id}").headers["ETag"])
        assert len(set(tags)) == 5

    def test_long_poll(self, idle: Api) -> None:
        """The answer comes when the run changes, long before the time is over."""
        run_id = idle.create()
        etag = idle.get(f"/v1/runs/{run_id}").headers["ETag"]
        answer = ended_by(idle, run_id, lambda url: idle.post(f"{url}/cancel"), {"If-None-Match": etag})
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert answer.headers["Preference-Applied"] == f"wait={WAIT}"

    def test_nothing_new(self, idle: Api) -> None:
        """After its time a long poll is answered with 304, or with the run if the client named no version."""
        run_id = idle.create()
        etag = idle.get(f"/v1/runs/{run_id}").headers["ETag"]
        begun = time.monotonic()
        assert idle.get(f"/v1/runs/{run_id}", headers={"If-None-Match": etag, **prefer(1)}).status_code == 304
        assert idle.get(f"/v1/runs/{run_id}", headers=prefer(1)).status_code == 200
        assert time.monotonic() - begun >= 2

    def test_what_is_old_or_ended_is_answered_at_once(self, idle: Api) -> None:
        """Who knows another version, and who asks for a run that has ended, does not wait."""
        run_id = idle.create()
        begun = time.monotonic()
        assert idle.get(f"/v1/runs/{run_id}", headers={"If-None-Match": '"old"', **prefer(WAIT)}).status_code == 200
        idle.post(f"/v1/runs/{run_id}/cancel")
        etag = idle.get(f"/v1/runs/{run_id}").headers["ETag"]
        assert idle.get(f"/v1/runs/{run_id}", headers={"If-None-Match": etag, **prefer(WAIT)}).status_code == 304
        assert idle.get(f"/v1/runs/{run_id}", headers=prefer(WAIT)).status_code == 200
        assert time.monotonic() - begun < WAIT

    def test_deleted_while_waited_for(self, idle: Api) -> None:
        """A run that is deleted ends the wait: 404."""
        run_id = idle.create()
        assert ended_by(idle, run_id, idle.delete, {}).status_code == 404

    def test_head(self, idle: Api) -> None:
        """HEAD has the headers of GET."""
        url = f"/v1/runs/{idle.create()}"
        head, get = idle.head(url), idle.get(url)
        assert (head.status_code, head.headers["ETag"]) == (200, get.headers["ETag"])
        assert head.headers["Content-Length"] == str(len(get.content))
        assert idle.head("/v1/runs/run_0").status_code == 404
        assert idle.head("/v1/runs/run_0/cancel").status_code == 405


class TestMany:
    """A hundred who wait."""

    def test_a_hundred_waiters_do_not_starve_the_server(self, idle: Api) -> None:
        """While they wait, other requests are answered; one change wakes them all; no thread is held."""
        run_id = idle.create()
        url = f"{idle.base_url}/v1/runs/{run_id}"
        with (
            ThreadPoolExecutor(100) as pool,
            httpx.Client(limits=httpx.Limits(max_connections=None), timeout=2 * WAIT) as client,
        ):
            waiting = [pool.submit(client.get, url, headers=prefer(WAIT)) for _ in range(100)]
            until(lambda: len(idle.app.state.parts.watch._waiters) == 100)
            assert idle.get("/v1/runs").status_code == 200
            assert not any(answer.done() for answer in waiting)
            idle.post(f"/v1/runs/{run_id}/cancel")
            answers = [answer.result(SOON) for answer in waiting]
        assert {answer.json()["status"] for answer in answers} == {"cancelled"}

    def test_no_seat_no_wait(self, tmp_path: Path) -> None:
        """Where as many wait as may, wishes are not fulfilled, and nothing fails."""
        with serving(tmp_path, workers=0, max_streams=0) as full:
            begun = time.monotonic()
            answer = full.post("/v1/runs", json=SHORT, headers=prefer(WAIT))
            assert answer.status_code == 202
            get = full.get(answer.headers["Location"], headers=prefer(WAIT))
            assert get.status_code == 200
            assert "Preference-Applied" not in get.headers
            assert time.monotonic() - begun < WAIT

    def test_who_has_gone_makes_room(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A client that does not wait for its answer does not keep its seat."""
        monkeypatch.setattr("service.api.waiting.LOOK_SECONDS", 0.05)
        with serving(tmp_path, workers=0, max_streams=2) as small:
            wish = f"GET /v1/runs/{small.create()} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait={WAIT}\r\n\r\n".encode()
            address, watch = (small.base_url.host, small.base_url.port), small.app.state.parts.watch
            for _ in range(3):
                with socket.create_connection(address) as one, socket.create_connection(address) as other:
                    one.sendall(wish)
                    other.sendall(wish)
                    until(lambda: watch.full(NOBODY))
                until(lambda: watch._seats == 2)

    def test_waits_are_bounded(self, tmp_path: Path) -> None:
        """A wish for longer than the server allows is cut."""
        with serving(tmp_path, workers=0, max_wait_seconds=1) as short:
            answer = short.get(f"/v1/runs/{short.create()}", headers=prefer(999_999_999))
            assert answer.headers["Preference-Applied"] == "wait=1"

    def test_stopping_ends_the_wait(self, tmp_path: Path) -> None:
        """A server that is told to stop answers those who wait, and exits."""
        script, log = tmp_path / "tells.py", tmp_path / "data.log"
        script.write_text(TELLS)
        env = {"POSTGRAD_WORKERS": "0", "POSTGRAD_SHUTDOWN_SECONDS": str(2 * WAIT)}
        with live_server(tmp_path / "data", main=(str(script),), **env) as (url, process), ThreadPoolExecutor(2) as pool:
            run = httpx.post(f"{url}/v1/runs", json=SHORT).json()
            get = pool.submit(httpx.get, f"{url}/v1/runs/{run['id']}", headers=prefer(WAIT), timeout=2 * WAIT)
            post = pool.submit(httpx.post, f"{url}/v1/runs", json=SHORT, headers=prefer(WAIT), timeout=2 * WAIT)
            until(lambda: len(set(re.findall(r"^waits for (\w+)$", log.read_text(), re.MULTILINE))) == 2)
            process.terminate()
            assert process.wait(timeout=SOON) == 0
            assert (get.result(SOON).status_code, post.result(SOON).status_code) == (200, 202)


class TestUpdate:
    """PATCH /v1/runs/{id}."""

    def test_merge(self, idle: Api) -> None:
        """What is given is set, null removes, the rest stays."""
        run_id = idle.create(name="before", tags={"a": "1", "b": "2"})
        before = idle.run(run_id)
        answer = idle.patch(f"/v1/runs/{run_id}", json={"tags": {"a": None, "c": "3", "none": None}})
        assert answer.status_code == 200
        assert answer.json()["tags"] == {"b": "2", "c": "3"}
        assert answer.json() == idle.run(run_id)
        assert answer.headers["ETag"] == idle.get(f"/v1/runs/{run_id}").headers["ETag"]
        changed = {"tags", "updated_at"}
        assert {k: v for k, v in before.items() if k not in changed} == {
            k: v for k, v in answer.json().items() if k not in changed
        }
        assert idle.patch(f"/v1/runs/{run_id}", json={"name": None}).json()["name"] is None
        assert idle.patch(f"/v1/runs/{run_id}", json={}).json()["tags"] == {"b": "2", "c": "3"}

    def test_of_a_run_that_has_ended(self, idle: Api) -> None:
        """Name and tags are labels: they change at any time. Priority has no meaning any more."""
        run_id = idle.create()
        idle.post(f"/v1/runs/{run_id}/cancel")
        assert idle.patch(f"/v1/runs/{run_id}", json={"name": "late", "tags": {"x": "y"}}).json()["name"] == "late"
        answer = idle.patch(f"/v1/runs/{run_id}", json={"priority": 1})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert idle.run(run_id)["priority"] == 0

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ({"status": "succeeded"}, "#/status"),
            ({"name": ""}, "#/name"),
            ({"name": 3}, "#/name"),
            ({"tags": None}, "#/tags"),
            ({"tags": {"a": 1}}, "#/tags/a"),
            ({"tags": {"": "x"}}, "#/tags"),
            ({"tags": {f"t{i}": "x" for i in range(51)}}, "#/tags"),
            ({"priority": 101}, "#/priority"),
            ({"priority": 1.5}, "#/priority"),
            ({"priority": None}, "#/priority"),
            ({"training": {"steps": 1}}, "#/training"),
        ],
    )
    def test_refused(self, idle: Api, body: Json, where: str) -> None:
        """Anything else is 422, named, and changes nothing."""
        run_id = idle.create(tags={"kept": "yes"})
        answer = idle.patch(f"/v1/runs/{run_id}", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith(where)
        assert (idle.run(run_id)["tags"], idle.run(run_id)["name"]) == ({"kept": "yes"}, None)

    def test_unknown_run(self, idle: Api) -> None:
        """A run that is not there is 404."""
        assert idle.patch("/v1/runs/run_0", json={"name": "x"}).status_code == 404

    def test_if_match(self, idle: Api) -> None:
        """Of two who have seen the same version, one changes it and the other is told."""
        run_id = idle.create()
        url, etag = f"/v1/runs/{run_id}", idle.get(f"/v1/runs/{run_id}").headers["ETag"]
        assert idle.patch(url, json={"name": "first"}, headers={"If-Match": etag}).status_code == 200
        answer = idle.patch(url, json={"name": "second"}, headers={"If-Match": etag})
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert idle.run(run_id)["name"] == "first"
        assert idle.patch(url, json={"name": "any"}, headers={"If-Match": "*"}).status_code == 200
        weak = f"W/{idle.get(url).headers['ETag']}"
        assert idle.patch(url, json={"name": "weak"}, headers={"If-Match": weak}).status_code == 412

    def test_many_at_once_lose_nothing(self, idle: Api) -> None:
        """Tags that are set at the same time are all there."""
        run_id = idle.create()

        def tag(i: int) -> int:
            return httpx.patch(f"{idle.base_url}/v1/runs/{run_id}", json={"tags": {f"t{i}": "x"}}).status_code

        with ThreadPoolExecutor(10) as pool:
            assert set(pool.map(tag, range(40))) == {200}
        assert len(idle.run(run_id)["tags"]) == 40

    def test_of_a_running_run(self, api: Api) -> None:
        """A run can be changed while it is trained, and what it learns is not lost."""
        run_id = api.create(training=LONG)
        api.wait(run_id, "running")
        assert api.patch(f"/v1/runs/{run_id}", json={"name": "live", "tags": {"a": "b"}, "priority": 5}).status_code == 200
        step = api.run(run_id)["progress"]["step"]
        while (run := api.run(run_id))["progress"]["step"] <= step:
            assert run["status"] == "running"
        assert (run["name"], run["tags"], run["priority"]) == ("live", {"a": "b"}, 5)
        api.post(f"/v1/runs/{run_id}/cancel")
        api.wait(run_id, "cancelled")


class TestQueue:
    """GET /v1/queue, and the place of a run."""

    def test_order_and_places(self, tmp_path: Path) -> None:
        """The highest priority first, then the oldest; a run knows its place, and moves up."""
        with serving(tmp_path, workers=0) as api:
            low, first, second, high = (api.create(priority=p, name=f"p{p}") for p in (-1, 0, 0, 7))
            expected = [high, first, second, low]
            queue = api.get("/v1/queue").json()
            assert [waiting["run"] for waiting in queue["queued"]] == expected
            assert [waiting["position"] for waiting in queue["queued"]] == [1, 2, 3, 4]
            assert queue["queued"][0]["name"] == "p7"
            assert (queue["queued_count"], queue["running_count"], queue["running"]) == (4, 0, [])
            assert queue["workers"] == {"total": 0, "free": 0}
            assert {waiting["eta_seconds"] for waiting in queue["queued"]} == {None}
            assert [api.run(run_id)["queue_position"] for run_id in expected] == [1, 2, 3, 4]
            listed = {run["id"]: run["queue_position"] for run in api.get("/v1/runs").json()["data"]}
            assert [listed[run_id] for run_id in expected] == [1, 2, 3, 4]
            api.patch(f"/v1/runs/{low}", json={"priority": 100})
            assert api.run(low)["queue_position"] == 1
            api.post(f"/v1/runs/{high}/cancel")
            assert api.run(high)["queue_position"] is None
            assert api.run(second)["queue_position"] == 3
            short = api.get("/v1/queue", params={"limit": 1}).json()
            assert ([waiting["run"] for waiting in short["queued"]], short["queued_count"]) == ([low], 3)

    def test_estimates(self, tmp_path: Path) -> None:
        """With one worker, a run begins when those before it have ended, and ends after its own time."""
        with serving(tmp_path, workers=1, commit_interval_seconds=0.05) as api:
            running = api.create(training=LONG)
            api.wait(running, "running")
            made = [api.create(training=LONG) for _ in range(3)]
            queue = api.get("/v1/queue").json()
            assert [run["run"] for run in queue["running"]] == [running]
            assert queue["workers"] == {"total": 1, "free": 0}
            starts = [waiting["starts_in_seconds"] for waiting in queue["queued"]]
            assert 0 < starts[0] < starts[1] < starts[2]
            assert starts[2] - starts[1] == pytest.approx(starts[1] - starts[0])
            last = queue["queued"][-1]
            assert last["eta_seconds"] - last["starts_in_seconds"] == pytest.approx(starts[2] - starts[1])
            run = api.run(made[-1])
            assert (run["queue_position"], run["progress"]["eta_seconds"] > starts[2] - starts[0]) == (3, True)
            for run_id in (*made, running):
                api.post(f"/v1/runs/{run_id}/cancel")
            api.wait(running, "cancelled")

    def test_priorities_are_kept(self, tmp_path: Path) -> None:
        """Of two runs that wait, the more urgent one is begun first."""
        with serving(tmp_path, workers=1) as api:
            blocker = api.create(training=LONG)
            api.wait(blocker, "running")
            low, high = api.create(training={"steps": 5}), api.create(training={"steps": 5}, priority=1)
            api.post(f"/v1/runs/{blocker}/cancel")
            ended = {run_id: api.wait(run_id, "succeeded")["started_at"] for run_id in (low, high)}
            assert ended[high] < ended[low]
