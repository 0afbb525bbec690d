"""What a connection may cost: heads that do not come, bodies that do not end."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.processes import until
from tests.live import live_server

POST = b"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
MIB = 1024 * 1024

SLOW = """
import runpy, time
from service.api import system
system.fingerprint = lambda: time.sleep(1.2) or {}
if __name__ == "__main__":
    runpy.run_module("service", run_name="__main__")
"""

LOOKS = """
import runpy
from service.api import waiting
waiting.LOOK_SECONDS = 0.01
if __name__ == "__main__":
    runpy.run_module("service", run_name="__main__")
"""

Server = tuple[str, "Popen[str]"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server that waits one second for a head."""
    with live_server(tmp_path_factory.mktemp("x") / "data", POSTGRAD_WORKERS="0", POSTGRAD_HEADER_SECONDS="1") as running:
        yield running


def connect(server: Server) -> socket.socket:
    """Open a connection."""
    return socket.create_connection(("127.0.0.1", urlsplit(server[0]).port or 0), timeout=60)


def is_closed(connection: socket.socket, drip: bytes) -> bool:
    """Send bytes again and again until the server has closed the connection; no other end than that is in sight."""
    begun = time.monotonic()
    connection.settimeout(0.05)
    while time.monotonic() - begun < 60:
        try:
            if drip:
                connection.sendall(drip)
            if connection.recv(65536) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


class TestHeads:
    """POSTGRAD_HEADER_SECONDS."""

    @pytest.mark.parametrize(
        ("first", "drip"),
        [
            (b"", b""),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"a"),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b""),
        ],
        ids=["silent", "dripping", "stalled"],
    )
    def test_late_one_ends_the_connection(self, server: Server, first: bytes, drip: bytes) -> None:
        """A connection on which no head becomes complete is closed in time, however its bytes come."""
        begun = time.monotonic()
        with connect(server) as connection:
            connection.sendall(first)
            assert is_closed(connection, drip)
        # The loop counts the second in whole milliseconds, from when it woke up: it may end a little early by another clock.
        assert time.monotonic() - begun >= 0.9

    def test_late_second_one_ends_it_too(self, server: Server) -> None:
        """A connection that has been answered once may not drip either."""
        with connect(server) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
            assert is_closed(connection, b"a")

    def test_many_late_ones_keep_nobody_waiting(self, server: Server) -> None:
        """With hundreds of connections that drip, others are answered, and in the end all of them are closed."""
        slow = [connect(server) for _ in range(300)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        with httpx.Client(base_url=server[0], timeout=60) as client:
            assert all(client.get("/healthz").status_code == 200 for _ in range(50))
        assert all(is_closed(connection, b"a") for connection in slow)
        for connection in slow:
            connection.close()

    def test_time_of_the_body_is_not_counted(self, server: Server) -> None:
        """A head that is complete stops the clock: a slow body is read to its end."""
        body = b'{"dataset": {"kind": "xor"}, "model": {"kind": "svm"}}'
        with connect(server) as connection:
            connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body))
            for i in range(len(body)):
                connection.sendall(body[i : i + 1])
                time.sleep(1.6 / len(body))
            assert connection.recv(65536).startswith(b"HTTP/1.1 202")

    def test_time_of_the_answer_is_not_counted(self, tmp_path: Path) -> None:
        """An answer may take longer than a head, and so may one to a request that waits behind it on the same connection."""
        script = tmp_path / "slow.py"
        script.write_text(SLOW)
        env = {"POSTGRAD_WORKERS": "0", "POSTGRAD_HEADER_SECONDS": "0.5"}
        with live_server(tmp_path / "data", main=(str(script),), **env) as running, connect(running) as connection:
            connection.sendall(b"GET /v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
            received = b""
            while received.count(b"x-request-id") < 2:
                received += (got := connection.recv(65536))
                assert got
            assert received.count(b"HTTP/1.1 200 OK") == 2

    def test_time_of_the_answers_before_is_not_counted(self, tmp_path: Path) -> None:
        """A head that is cut behind requests that are being answered has its time after them: until then, nobody reads on."""
        script = tmp_path / "slow.py"
        script.write_text(SLOW)
        request = b"GET /v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n"
        env = {"POSTGRAD_WORKERS": "0", "POSTGRAD_HEADER_SECONDS": "0.5"}
        with live_server(tmp_path / "data", main=(str(script),), **env) as running, connect(running) as connection:
            connection.sendall(request * 2 + request[:20])
            time.sleep(1)
            connection.sendall(request[20:] + request[:20])
            received = b""
            while got := connection.recv(65536):
                received += got
            assert received.count(b"HTTP/1.1 200 OK") == 3

    def test_too_long_one_is_refused(self, server: Server) -> None:
        """A head of more than 64 KiB is malformed."""
        with connect(server) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000)
            assert connection.recv(65536).startswith(b"HTTP/1.1 400")


class TestBodies:
    """POSTGRAD_MAX_BODY_BYTES, with its default of 8 MiB."""

    def test_200_mib_are_refused_while_they_come(self, server: Server) -> None:
        """The refusal comes when a little more than the limit has been sent, and the memory of the server knows the limit."""
        before, sent, limit = _peak_kib(server[1].pid), 0, 8 * MIB
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        with connect(server) as connection:
            connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
            while sent < 200 * MIB and not select.select([connection], [], [], 0)[0]:
                connection.sendall(chunk)
                sent += 65536
            assert connection.recv(65536).startswith(b"HTTP/1.1 413")
        assert limit <= sent < limit + 16 * MIB  # what lies in the buffers of the sockets has been sent too
        assert _peak_kib(server[1].pid) - before < 2 * limit / 1024

    def test_refused_body_that_goes_on_ends_the_connection(self, server: Server) -> None:
        """Who has been refused and goes on sending is disconnected."""
        with connect(server) as connection:
            connection.sendall(POST + b"Content-Length: 1000000000000\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 413")
            assert is_closed(connection, b" " * 1000)


def test_stream_with_requests_behind_it_ends_with_its_connection(tmp_path: Path) -> None:
    """The stream is told that its client has gone, and not the request that was read last."""
    env = {"POSTGRAD_WORKERS": "0", "POSTGRAD_STREAM_KEEP_ALIVE_SECONDS": "0.2"}
    with live_server(tmp_path / "data", **env) as running, httpx.Client(base_url=running[0]) as client:
        with connect(running) as connection:
            stream = _queued(running) + b"Accept: text/event-stream\r\n\r\n"
            connection.sendall(stream + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            assert "postgrad_sse_streams 1.0" in client.get("/metrics").text
        until(lambda: "postgrad_sse_streams 0.0" in client.get("/metrics").text)
    assert '"level": "error"' not in (tmp_path / "data.log").read_text()


def test_requests_behind_one_that_waits_are_not_read_without_end(tmp_path: Path) -> None:
    """What comes behind an answer that takes its time stays with its sender, though the server looks whether he is there."""
    script = tmp_path / "looks.py"
    script.write_text(LOOKS)
    with live_server(tmp_path / "data", main=(str(script),), POSTGRAD_WORKERS="0") as running, connect(running) as connection:
        waiting = _queued(running).replace(b"/events", b"") + b"Prefer: wait=60\r\n\r\n"
        connection.sendall(waiting)
        before, end = _peak_kib(running[1].pid), time.monotonic() + 3  # in which it looks 300 times
        connection.settimeout(0.1)
        while time.monotonic() < end:
            with suppress(TimeoutError):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
        assert _peak_kib(running[1].pid) - before < 40 * 1024


def _queued(server: Server) -> bytes:
    """Create a run that nobody trains; return the beginning of a request for its events."""
    body = {"dataset": {"kind": "xor"}, "model": {"kind": "softmax"}, "training": {"steps": 10}}
    run_id = httpx.post(f"{server[0]}/v1/runs", json=body).json()["id"]
    return f"GET /v1/runs/{run_id}/events HTTP/1.1\r\nHost: localhost\r\n".encode()


def _peak_kib(pid: int) -> int:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])
