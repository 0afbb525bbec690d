"""Clients that send or read too slowly, or are too many: each is refused, and the server goes on for others."""

import json
import os
import resource
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path
from subprocess import PIPE, Popen
from urllib.parse import urlsplit

import httpx
import pytest

from service.cli import connections
from service.settings import Settings
from tests.faults.processes import until
from tests.live import ROOT, live_server

HOST = b" HTTP/1.1\r\nHost: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
GET = b"GET /healthz" + HOST + b"\r\n"
VALIDATE = b"POST /v1/runs/validate" + HOST + JSON
RUN = b'{"dataset": {"kind": "xor"}, "model": {"kind": "svm"}}'
MIB = 1024 * 1024

LITTLE = {
    "POSTGRAD_WORKERS": "0",
    "POSTGRAD_BODY_SECONDS": "3",
    "POSTGRAD_MIN_BODY_BYTES_PER_SECOND": "100",
    "POSTGRAD_MAX_BODIES_BYTES": str(4 * MIB),
}

Server = tuple[str, "Popen[str]"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server with little patience and little room."""
    with live_server(tmp_path_factory.mktemp("x") / "data", **LITTLE) as running:
        yield running


def connect(url: str, stack: ExitStack, source: str = "127.0.0.1") -> socket.socket:
    """Open a connection, which the stack closes."""
    address = ("127.0.0.1", urlsplit(url).port or 0)
    return stack.enter_context(socket.create_connection(address, timeout=60, source_address=(source, 0)))


def answer(connection: socket.socket) -> tuple[int, bytes, bytes]:
    """Read one answer: status, head, body."""
    with connection.makefile("rb") as file:
        status = int(file.readline().split()[1])
        head = b"".join(iter(file.readline, b"\r\n"))
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return status, head.lower(), file.read(length)


class TestSlowBodies:
    """POSTGRAD_BODY_SECONDS and POSTGRAD_MIN_BODY_BYTES_PER_SECOND."""

    @pytest.mark.parametrize("drip", [b"", b" "], ids=["stalled", "dripping"])
    @pytest.mark.parametrize(
        ("path", "media", "told"),
        [
            (b"/v1/runs/validate", b"application/json", "detail"),
            (b"/v1/datasets", b"multipart/form-data; boundary=x", "detail"),
            (b"/v2/repository/index", b"application/json", "error"),
            (b"/api/2.0/mlflow/runs/search", b"application/json", "message"),
        ],
    )
    def test_one_is_refused_in_time(self, server: Server, path: bytes, media: bytes, told: str, drip: bytes) -> None:
        """However its bytes come, and in the shape of each protocol."""
        begun = time.monotonic()
        with ExitStack() as stack:
            connection = connect(server[0], stack)
            connection.sendall(b"POST " + path + HOST + b"Content-Type: " + media + b"\r\nContent-Length: 1000\r\n\r\n")
            connection.settimeout(0.2)
            while not (first := _peek(connection)):
                assert time.monotonic() - begun < 60
                connection.sendall(drip)
            assert first.startswith(b"HTTP/1.1 408 ")
            connection.settimeout(60)
            said = json.loads(answer(connection)[2])[told]
        assert "POSTGRAD_BODY_SECONDS" in said
        assert "POSTGRAD_MIN_BODY_BYTES_PER_SECOND" in said
        assert time.monotonic() - begun >= 2.9

    def test_one_that_comes_at_the_least_rate_is_read_to_its_end(self, server: Server) -> None:
        """For longer than the time in which a part of it has to come."""
        body = b" " * 20_000 + RUN
        with ExitStack() as stack:
            connection = connect(server[0], stack)
            connection.sendall(VALIDATE + b"Content-Length: %d\r\n\r\n" % len(body))
            begun = time.monotonic()
            for i in range(0, len(body), 200):
                connection.sendall(body[i : i + 200])  # 2,000 bytes a second, or as much less as this machine is late
                time.sleep(0.1)
            assert time.monotonic() - begun > 6
            assert answer(connection)[0] == 200


class TestManyBodies:
    """POSTGRAD_MAX_BODIES_BYTES."""

    def test_who_has_no_room_is_refused_until_the_slow_make_room(self, tmp_path: Path) -> None:
        """A new body that does not fit is 503; small ones are not concerned; bodies whose time is over make room."""
        large = b" " * MIB + RUN
        time_of_a_body = 10  # in which a busy machine sends four requests
        env = LITTLE | {"POSTGRAD_BODY_SECONDS": str(time_of_a_body)}
        with (
            live_server(tmp_path / "data", **env) as server,
            ExitStack() as stack,
            httpx.Client(base_url=server[0], headers={"Content-Type": "application/json"}) as client,
        ):
            slow = [connect(server[0], stack) for _ in range(2)]
            for connection in slow:
                connection.sendall(VALIDATE + b"Content-Length: %d\r\n\r\n" % (8 * MIB) + b" " * (2 * MIB - 70_000))
            until(lambda: _unread([connection.getsockname()[1] for connection in slow]) == 0)
            begun = time.monotonic()
            refused = client.post("/v1/runs/validate", content=large)
            assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "busy", "1")
            assert "POSTGRAD_MAX_BODIES_BYTES" in refused.json()["detail"]
            assert client.post("/v1/runs/validate", content=RUN).status_code == 200
            while time.monotonic() - begun < time_of_a_body + 1:
                for connection in slow:
                    connection.sendall(b" " * 200)  # in time, but without an end
                time.sleep(0.2)
            assert client.post("/v1/runs/validate", content=large).status_code == 200
            assert answer(slow[0])[0] == 503
            assert not _peek(slow[1])

    def test_one_alone_has_its_own_limit(self, server: Server) -> None:
        """A body of 7 MiB is read where all together may have 4, and what was read is not counted after its answer."""
        url, json_type = f"{server[0]}/v1/runs/validate", {"Content-Type": "application/json"}
        for _ in range(2):
            until(lambda: httpx.post(url, content=b" " * (7 * MIB) + RUN, headers=json_type).status_code == 200)


def _unread(ports: list[int]) -> int:
    """Return the bytes from connections of these ports that nobody has read yet."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [({int(row[1].split(":")[1], 16), int(row[2].split(":")[1], 16)}, row[4]) for row in rows]
    return sum(int(size, 16) for at, queues in ends if at & set(ports) for size in queues.split(":"))


def test_unread_answers_end_and_hold_no_file(tmp_path: Path) -> None:
    """Who reads nothing is disconnected, and has a socket of the server until then but no file; who reads slowly gets all."""
    path = f"/web/plotly/{version('plotly')}/plotly.min.js"
    request = b"GET " + path.encode() + HOST + b"\r\n"
    with (
        live_server(tmp_path / "data", POSTGRAD_WORKERS="0", POSTGRAD_ANSWER_SECONDS="2") as (url, process),
        ExitStack() as stack,
    ):
        whole = httpx.get(url + path, headers={"Accept-Encoding": "identity"}).content
        files = len(_open(process.pid, sockets=False))
        lazy = [_with_little_room(url, stack) for _ in range(20)]
        for connection in lazy:
            connection.sendall(request)
        until(lambda: len(_open(process.pid, sockets=True)) > 20)
        assert len(_open(process.pid, sockets=False)) <= files
        slow, begun, received = _with_little_room(url, stack), time.monotonic(), b""
        slow.sendall(request)
        while len(received) < len(whole):
            received += (got := slow.recv(30_000))
            assert got
            time.sleep(0.02)
        assert received.partition(b"\r\n\r\n")[2] in whole
        assert time.monotonic() - begun > 3
        until(lambda: len(_open(process.pid, sockets=True)) < 10)


def _with_little_room(url: str, stack: ExitStack) -> socket.socket:
    """Open a connection whose kernel takes little that is not read."""
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", urlsplit(url).port or 0))
    return connection


def _open(pid: int, *, sockets: bool) -> list[str]:
    """Return what a process has open."""
    found = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.append(str(file.readlink()))
    return [name for name in found if name.startswith("socket:") == sockets]


def test_one_address_leaves_room_for_others(tmp_path: Path) -> None:
    """One connection more than an address may have is refused with the setting; those of another address are not."""
    with live_server(tmp_path / "data", POSTGRAD_WORKERS="0", POSTGRAD_MAX_CONNECTIONS_PER_ADDRESS="3") as (url, _):
        with ExitStack() as stack:
            mine = [connect(url, stack) for _ in range(3)]
            status, head, body = answer(connect(url, stack))
            assert (status, json.loads(body)["code"]) == (503, "busy")
            assert b"retry-after: 1" in head
            assert "POSTGRAD_MAX_CONNECTIONS_PER_ADDRESS" in json.loads(body)["detail"]
            for connection in (mine[0], connect(url, stack, "127.0.0.2")):
                connection.sendall(GET)
                assert answer(connection)[0] == 200
        until(lambda: httpx.get(f"{url}/healthz").status_code == 200)


@pytest.mark.parametrize("limit", [None, "100000"], ids=["with its own limit", "out of descriptors"])
def test_server_with_few_descriptors_lives_on(tmp_path: Path, limit: str | None) -> None:
    """More connections than it may have files end neither the server nor its readiness."""
    env = {**os.environ, "POSTGRAD_WORKERS": "0", **({"POSTGRAD_MAX_CONNECTIONS": limit} if limit else {})}
    command = [sys.executable, "-m", "service", "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    few = f"ulimit -n 256; exec {shlex.join(command)}"
    with (
        (tmp_path / "log").open("w") as log,
        Popen(["bash", "-c", few], cwd=ROOT, env=env, stdout=PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            with ExitStack() as stack:
                first = connect(url, stack)
                first.sendall(GET)
                assert answer(first)[0] == 200
                for _ in range(400):
                    with suppress(OSError):
                        connect(url, stack)
                first.sendall(GET.replace(b"/healthz", b"/readyz") if limit is None else GET)
                assert answer(first)[0] == 200
            until(lambda: _status(f"{url}/readyz") == 200)
            assert process.poll() is None
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_the_limit_of_open_files_makes_that_of_connections() -> None:
    """Half of what is left after the database and the rest, and never so few that nobody is answered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for files, expected in ((100, 16), (256, 64), (1024, 448), (soft, min(10_000, (soft - 128) // 2))):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(connections, "MOST_FILES", files)
                assert connections._room() == expected
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert Settings().max_connections is None


def _status(url: str) -> int | None:
    try:
        return httpx.get(url, timeout=60).status_code
    except httpx.TransportError:
        return None


def _peek(connection: socket.socket) -> bytes:
    before = connection.gettimeout()
    connection.settimeout(0.1)
    try:
        return connection.recv(100, socket.MSG_PEEK)
    except TimeoutError:
        return b""
    finally:
        connection.settimeout(before)
