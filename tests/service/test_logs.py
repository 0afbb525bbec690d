"""The log of a live server: each line is JSON, tells which request or run it is about, and tells no secret."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.processes import until
from tests.live import ROOT, live_server

Line = dict[str, Any]
CANARY = "canary-7d1f0c"
RUN: dict[str, Any] = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}}


def lines(log: Path) -> list[Line]:
    """Read a log; every line of it must be an object with time, level, logger and event."""
    found = [json.loads(line) for line in log.read_text().splitlines()]
    for line in found:
        assert {"timestamp", "level", "logger", "event"} <= set(line), line
    return found


def wait_for(log: Path, **fields: Any) -> Line:
    """Return the first line with such fields, as soon as it is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for text in log.read_text().splitlines(keepends=True):
            if text.endswith("\n") and fields.items() <= json.loads(text).items():
                line: Line = json.loads(text)
                return line
        time.sleep(0.02)
    raise AssertionError(f"no line with {fields} in {log.read_text()}")


class TestLines:
    """What stands in the log."""

    def test_a_request_is_one_line(self, tmp_path: Path) -> None:
        """The line has method, template of the route, status, time and client, and the id that the client was told."""
        log = tmp_path / "data.log"
        with live_server(tmp_path / "data", POSTGRAD_WORKERS="0") as (url, _):
            for method, path, route, status in (
                ("GET", "/healthz", "/healthz", 200),
                ("GET", "/v1/runs/run_0", "/v1/runs/{run_id}", 404),
                ("DELETE", "/v1/runs", "/v1/runs", 405),
                ("GET", "/no/such/path", "other", 404),
                ("PROPFIND", "/openapi.json", "/openapi.json", 405),
            ):
                begun = time.monotonic()
                answer = httpx.request(method, url + path)
                assert answer.status_code == status
                line = wait_for(log, request_id=answer.headers["X-Request-ID"])
                assert (line["event"], line["level"], line["client"]) == ("request", "info", "127.0.0.1")
                assert (line["method"], line["route"]) == (method if method != "PROPFIND" else "other", route)
                assert line["status"] == status
                assert 0 < line["duration_ms"] < 1000 * (time.monotonic() - begun)
        told = lines(log)
        ids = [line["request_id"] for line in told if line["event"] == "request"]
        assert len(ids) == len(set(ids)) == 5
        assert "/no/such/path" not in log.read_text()

    def test_a_key_is_named_by_its_id(self, tmp_path: Path) -> None:
        """The line of a request with a key has its id; no line has its secret, nor one that was refused."""
        log, create = tmp_path / "data.log", {"name": "me", "scopes": ["admin"]}
        with live_server(tmp_path / "data", POSTGRAD_WORKERS="0", POSTGRAD_LOG_LEVEL="debug") as (url, _):
            made = httpx.post(f"{url}/v1/api-keys", json=create).json()
            basic = httpx.BasicAuth("user", made["secret"])
            refused = httpx.get(f"{url}/v1/runs", headers={"Authorization": f"Bearer {made['secret'][:-1]}"})
            nothing = httpx.get(f"{url}/v2/models/x", headers={"Authorization": f"Bearer {made['secret']}"})
            answers = [
                httpx.get(f"{url}/v1/runs/run_0", headers={"Authorization": f"Bearer {made['secret']}"}),
                httpx.get(f"{url}/api/2.0/mlflow/runs/get?run_id=run_0", auth=basic),
                nothing,
            ]
            for answer in answers:
                assert answer.status_code == 404
                assert wait_for(log, request_id=answer.headers["X-Request-ID"], event="request")["key_id"] == made["id"]
            assert "key_id" not in wait_for(log, request_id=refused.headers["X-Request-ID"], event="request")
        for text in (log.read_text(), refused.text, *(answer.text for answer in answers)):
            assert made["secret"][3:30] not in text

    def test_a_worker_tells_run_and_attempt(self, tmp_path: Path) -> None:
        """The lines of a worker are in the same log, in the same form, with run id and attempt."""
        log = tmp_path / "data.log"
        with live_server(tmp_path / "data", POSTGRAD_WORKERS="1") as (url, _):
            run_id = httpx.post(f"{url}/v1/runs", json=RUN).json()["id"]
            wait_for(log, run_id=run_id, attempt=1, event="attempt begins", logger="service.executors.worker")
            wait_for(log, run_id=run_id, attempt=1, event="attempt ends")
        assert len([line for line in lines(log) if line.get("run_id") == run_id]) == 2

    def test_the_trace_of_a_request_is_told(self, tmp_path: Path) -> None:
        """A W3C traceparent gives its lines the trace's id; one that is none gives nothing."""
        log, trace = tmp_path / "data.log", "0af7651916cd43dd8448eb211c80319c"
        with live_server(tmp_path / "data", POSTGRAD_WORKERS="0") as (url, _):
            for given in (f"00-{trace}-b7ad6b7169203331-01", f"00-{'0' * 32}-b7ad6b7169203331-01", "nonsense\\n{}", ""):
                httpx.get(f"{url}/healthz", headers={"traceparent": given, "X-Request-ID": f"id-{len(given)}-{given[:5]}-"})
            httpx.get(f"{url}/healthz", headers={"X-Request-ID": "last"})
            assert "trace_id" not in wait_for(log, request_id="last")
        told = [line.get("trace_id") for line in lines(log) if line["event"] == "request"]
        assert told == [trace, None, None, None, None]

    def test_level_and_form_can_be_set(self, tmp_path: Path) -> None:
        """At the level warning no request is told; as console, lines are text."""
        with live_server(tmp_path / "a", POSTGRAD_WORKERS="0", POSTGRAD_LOG_LEVEL="warning") as (url, _):
            httpx.get(f"{url}/healthz")
        assert (tmp_path / "a.log").read_text() == ""
        with live_server(tmp_path / "b", POSTGRAD_WORKERS="0", POSTGRAD_LOG_FORMAT="console") as (url, _):
            httpx.get(f"{url}/healthz", headers={"X-Request-ID": "mine"})
        text = (tmp_path / "b.log").read_text()
        assert re.search(r"\[info\s*\] request .*request_id=mine .*route=/healthz status=200", text), text
        assert "{" not in text
        assert "\x1b" not in text

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            ("warnings.warn('mind the gap')", ("warning", "py.warnings", "UserWarning: mind the gap")),
            ("logging.getLogger('uvicorn.error').info('%s begins', 'it')", ("info", "uvicorn.error", "it begins")),
            ("logging.getLogger('x').info('a\\nb', extra={'color_message': 'c'})", ("info", "x", "a\nb")),
            ("1 / 0", ("critical", "service.logs", "uncaught error")),
            ("threading.Thread(target=int, args=('x',)).start()", ("critical", "service.logs", "uncaught error")),
        ],
    )
    def test_everything_comes_in_one_form(self, statement: str, told: tuple[str, str, str]) -> None:
        """Lines of libraries, warnings and errors that nobody caught are lines like any other."""
        code = f"import logging, threading, warnings\nfrom service import logs\nlogs.configure('info', 'auto')\n{statement}"
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        (line,) = map(json.loads, run.stderr.splitlines())
        assert (line["level"], line["logger"]) == told[:2]
        assert told[2] in line["event"]
        assert ("exception" in line) == (told[0] == "critical")
        assert "color_message" not in line


BROKEN = """
import runpy
from service.api import runs

def broken(*args, **more):
    try:
        raise KeyError(repr(args) + repr(more))
    except KeyError as error:
        raise RuntimeError(f"cannot submit {args} {more}") from error

runs.submit = broken
if __name__ == "__main__":
    runpy.run_module("service", run_name="__main__")
"""
"""A server in which creating a run fails with what the client sent in the messages of two errors."""


BROKEN_WORKER = """
import runpy
from service.executors import worker

def broken(*args, **more):
    raise RuntimeError("a mistake in the worker")

worker.execute = broken
if __name__ == "__main__":
    runpy.run_module("service", run_name="__main__")
"""


class TestMistakes:
    """Errors that nobody foresaw, and a log that nobody reads."""

    def test_one_in_a_worker_is_a_line_of_its_run(self, tmp_path: Path) -> None:
        """The line tells run, attempt and error; the worker is replaced, and no trace stands beside the lines."""
        script, log = tmp_path / "broken.py", tmp_path / "data.log"
        script.write_text(BROKEN_WORKER)
        settings = {"POSTGRAD_WORKERS": "1", "POSTGRAD_MAX_STALLED_ATTEMPTS": "2"}
        with live_server(tmp_path / "data", main=(str(script),), **settings) as (url, _):
            run_id = httpx.post(f"{url}/v1/runs", json=RUN).json()["id"]
            for attempt in (1, 2):
                line = wait_for(log, run_id=run_id, attempt=attempt, level="error")
                assert line["exception"].endswith("RuntimeError: a mistake in the worker")
        assert len([line for line in lines(log) if line["level"] == "error"]) == 2

    @pytest.mark.parametrize("redirect", ["2>&-", "2> >(true)", "2>/dev/full"], ids=["closed", "nobody reads", "full"])
    def test_a_log_that_goes_nowhere_stops_nothing(self, tmp_path: Path, redirect: str) -> None:
        """A server whose stderr is closed, or is a pipe without a reader or a full disk, serves and trains all the same."""
        serve = f"exec {sys.executable} -m service serve --port 0 --workers 1 --data-dir {tmp_path / 'data'} {redirect}"
        # Unbuffered, no line stays behind to fail the start of a worker or the end of Python.
        buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        with subprocess.Popen(["/bin/bash", "-c", serve], cwd=ROOT, env=buffered, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            run = f"{url}/v1/runs/{httpx.post(f'{url}/v1/runs', json=RUN).json()['id']}"
            until(lambda: httpx.get(run).json()["status"] == "succeeded")
            process.terminate()
            assert process.wait(timeout=60) == 0


class TestSecrets:
    """No log and no problem document tells what a client sent beside the values that it asks about."""

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Iterator[tuple[str, Path]]:
        """Run a server that makes a mistake; yield its URL and its log."""
        script = tmp_path / "broken.py"
        script.write_text(BROKEN)
        with live_server(tmp_path / "data", main=(str(script),), POSTGRAD_WORKERS="1") as (url, _):
            yield url, tmp_path / "data.log"

    def test_no_secret_is_told(self, broken: tuple[str, Path]) -> None:
        """A secret in headers, query, path and body is in no line and in no problem document, whatever the answer is."""
        url, log = broken
        secret = CANARY
        headers = {
            "Authorization": f"Bearer {secret}",
            "X-API-Key": secret,
            "Cookie": f"session={secret}",
            "User-Agent": secret,
            "Referer": f"http://localhost/{secret}",
            "traceparent": secret,
            "X-Forwarded-For": secret,
        }
        named = {**RUN, "name": secret, "tags": {"password": secret}}
        with httpx.Client(base_url=url, headers=headers) as client:
            answers = [
                client.get("/healthz", params={"api_key": secret}),
                client.get("/v1/runs/run_0", params={"api_key": secret}),
                client.post("/v1/runs/validate", json=named),
                client.post(
                    "/v1/runs/validate", json={**named, "password": secret, "model": {"kind": "softmax", "key": secret}}
                ),
                client.post("/v1/runs/validate", json={**named, "training": {"steps": secret}}),
                client.post("/v1/runs/validate", content=f'{{"{secret}": ', headers={"Content-Type": "application/json"}),
                client.post("/v1/runs/validate", content=secret, headers={"Content-Type": "text/plain"}),
                client.post("/v1/datasets/upload", files={"file": ("a.csv", f"x,y\n{secret},1\n")}),
                client.get("/v1/runs/run_0"),
                client.get("/v1/nowhere"),
                client.put("/v1/runs", json=named),
                client.get("/healthz", headers={"Host": "elsewhere"}),
                client.post("/v1/runs", json=named),
            ]
        assert [answer.status_code for answer in answers] == [200, 422, 200, 422, 422, 400, 415, 422, 404, 404, 405, 421, 500]
        line = wait_for(log, request_id=answers[-1].headers["X-Request-ID"], level="error")
        assert secret not in log.read_text()
        assert len([line for line in lines(log) if line["event"] == "request"]) == len(answers)
        for place in ('File "', "in create_run", "in broken", "builtins.KeyError", "builtins.RuntimeError"):
            assert place in line["exception"]
        told = [answer.text for answer in answers if answer.status_code >= 400 and secret in answer.text]
        # what is asked about is quoted, as the contract has it: a value that cannot be used, a cell of a table
        assert [json.loads(text)["status"] for text in told] == [422, 422], told
