"""A live server, and a client that holds every answer of it against the server's own OpenAPI document."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from service.app import create_app
from service.cli.protocol import PatientProtocol
from service.settings import Settings

Json = Any
ENDED = ("succeeded", "failed", "cancelled")
SPIRAL: dict[str, Any] = {"kind": "spiral"}


def strict_json(text: str) -> Json:
    """Read JSON as browsers and other languages do: NaN and Infinity are no JSON."""

    def refuse(token: str) -> None:
        raise AssertionError(f"bare {token} in {text[:200]}")

    return json.loads(text, parse_constant=refuse)


class Api(httpx.Client):
    """A client of one live server: the promises that hold for every response are checked for every response."""

    def __init__(self, app: FastAPI, url: str) -> None:
        super().__init__(base_url=url, timeout=30, event_hooks={"response": [self._check]})
        self.app = app
        self.openapi: dict[str, Any] = app.openapi()
        self._validator = cache(lambda schema: Draft202012Validator({**self.openapi, "$ref": schema}))

    def create(self, model: str = "softmax", **fields: Any) -> str:
        """Create a run on the spiral; return its id."""
        answer = self.post("/v1/runs", json={"dataset": SPIRAL, "model": {"kind": model}, **fields})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def run(self, run_id: str) -> Json:
        """Return a run as it stands."""
        return self.get(f"/v1/runs/{run_id}").json()

    def wait(self, run_id: str, *statuses: str, seconds: float = 60) -> Json:
        """Poll a run until it has one of the statuses and, if it is running, a checkpoint; return it."""
        deadline = time.monotonic() + seconds
        while (run := self.run(run_id))["status"] not in statuses or (
            run["status"] == "running" and not run["progress"]["step"]
        ):
            assert time.monotonic() < deadline, f"after {seconds} s the run is {run['status']}, not {statuses}"
            assert run["status"] not in ENDED, f"the run is {run['status']}, not {statuses}: {run['error']}"
            time.sleep(0.02)
        return run

    def ended(self, model: str = "softmax", **fields: Any) -> Json:
        """Create a run, wait until it has ended and return it."""
        return self.wait(self.create(model, **fields), *ENDED)

    def _check(self, response: httpx.Response) -> None:
        response.read()
        assert response.status_code != 500, response.text
        assert response.headers["X-Request-ID"]
        if response.request.method == "HEAD":
            assert not response.content
            return
        if response.content and response.headers.get("content-type", "").endswith(("/json", "+json")):
            strict_json(response.text)
        if response.status_code >= 400:
            self._check_problem(response)
        elif response.headers.get("content-type") == "application/json" and (schema := self._schema_of(response)):
            self._validator(schema).validate(response.json())
        elif response.status_code == 204:
            assert not response.content

    def _check_problem(self, response: httpx.Response) -> None:
        if f"{response.url.path}/".startswith("/v2/"):  # another protocol, with its own shape of an error
            assert [type(value) for value in response.json().values()] == [str]
            assert list(response.json()) == ["error"]
            return
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        self._validator("#/components/schemas/Problem").validate(problem)
        assert problem["status"] == response.status_code
        assert problem["request_id"] == response.headers["X-Request-ID"]
        assert problem["retryable"] == ("Retry-After" in response.headers)
        assert problem["retryable"] == (response.status_code in (429, 503) or problem["code"] == "in_flight")

    def _schema_of(self, response: httpx.Response) -> str | None:
        """Return the pointer to the schema of a response; None if the document has none."""
        found = [path for path in self.openapi["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), response.url.path)]
        if not found:
            return None
        path = min(found, key=lambda path: path.count("{"))
        operation = self.openapi["paths"][path][response.request.method.lower()]
        content = operation["responses"][str(response.status_code)].get("content", {})
        if "schema" not in content.get("application/json", {}):
            return None
        parts = ("paths", path, response.request.method.lower(), "responses", str(response.status_code))
        return "#/" + "/".join(part.replace("/", "~1") for part in parts) + "/content/application~1json/schema"


@contextmanager
def serving(data_dir: Path, **settings: Any) -> Iterator[Api]:
    """Run a server on a free port, with a database file and worker processes of its own; end it at the end."""
    app = create_app(Settings(data_dir=data_dir, database_url=None, **settings))
    # Critical: uvicorn would tell of an exception a second time, after the answer, and CPython 3.11 cannot take apart two
    # tracebacks in two threads at once ("AST constructor recursion depth mismatch").
    quiet: dict[str, Any] = {"log_config": None, "log_level": "critical"}
    config = uvicorn.Config(app, **quiet, http=PatientProtocol, ws="none", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )  # asyncio does not, for a socket of ours: 2 against 43 ms
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        try:
            with Api(app, f"http://127.0.0.1:{listening.getsockname()[1]}") as api:
                yield api
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run a server with two workers, whose runs commit often."""
    with serving(tmp_path_factory.mktemp("api"), workers=2, commit_interval_seconds=0.05) as client:
        yield client


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run a server without workers, on which runs stay queued, and with small limits."""
    limits = {"max_body_bytes": 200_000, "max_upload_bytes": 4096, "max_queued_runs": 1000}
    with serving(tmp_path_factory.mktemp("idle"), workers=0, **limits) as client:
        yield client
