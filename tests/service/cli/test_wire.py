"""Bytes that no library would send: each is answered by its status, or by none, and the server goes on."""

import json
import socket
import threading
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

HOST = b"Host: localhost\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /v1/runs/validate HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50) + b"\r\n\r\n"
SMUGGLED = b"0\r\n\r\nGET /v1/info HTTP/1.1\r\n" + HOST + b"\r\n"

Server = tuple[str, "Popen[str]"]


def get(target: bytes, rest: bytes = HOST, method: bytes = b"GET", http: bytes = b"HTTP/1.1") -> bytes:
    """Write a request without a body."""
    return method + b" " + target + b" " + http + b"\r\n" + rest + b"\r\n"


ANSWERS: dict[str, tuple[bytes, int, str | None]] = {  # what is sent, the status, the code of the problem
    "HTTP/1.0 without a host": (get(b"/healthz", b"", http=b"HTTP/1.0"), 200, None),
    "many headers": (get(b"/healthz", HOST + b"".join(b"X%d: a\r\n" % i for i in range(2000))), 200, None),
    "a protocol to change to": (get(b"/healthz", HOST + b"Upgrade: h2c\r\nConnection: Upgrade\r\n"), 200, None),
    "another forwarded host": (get(b"/healthz", HOST + b"X-Forwarded-Host: evil.example\r\n"), 200, None),
    "HTTP/1.0 that expects what came later": (
        POST.replace(b"1.1", b"1.0") + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
        422,
        "invalid_input",
    ),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n", 400, "malformed"),
    "TLS": (TLS, 400, "malformed"),
    "HTTP/1.1 without a host": (get(b"/healthz", b""), 400, "malformed"),
    "two hosts": (get(b"/healthz", HOST + b"Host: evil.example\r\n"), 400, "malformed"),
    "DEL in a header": (get(b"/healthz", HOST + b"X: a\x7fb\r\n"), 400, "malformed"),
    "NUL in a header": (get(b"/healthz", HOST + b"X: a\0b\r\n"), 400, "malformed"),
    "space after a name": (get(b"/healthz", b"Host : localhost\r\n"), 400, "malformed"),
    "a name that is not ASCII": (get(b"/healthz", HOST + b"X\xe9: a\r\n"), 400, "malformed"),
    "bytes in the target": (get(b"/v1/runs/\xff\xfe"), 400, "malformed"),
    "two content lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400, "malformed"),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n{}", 400, "malformed"),
    "a length with a sign": (POST + b"Content-Length: +2\r\n\r\n{}", 400, "malformed"),
    "a length of 30 digits": (POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}", 400, "malformed"),
    "another transfer encoding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "malformed"),
    "two transfer encodings": (
        POST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "malformed",
    ),
    "chunked twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed"),
    "lines that end without a carriage return": (get(b"/healthz").replace(b"\r\n", b"\n"), 400, "malformed"),
    "a header that goes on in the next line": (get(b"/healthz", HOST + b"X: a\r\n b\r\n"), 400, "malformed"),
    "a chunk of no length": (CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n", 400, "malformed"),
    "a chunk of a negative length": (CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n", 400, "malformed"),
    "a chunk of 30 digits": (CHUNKED + b"f" * 30 + b"\r\n{}\r\n0\r\n\r\n", 400, "malformed"),
    "two lengths": (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED, 400, "malformed"),
    "gzip for a route that unpacks nothing": (
        POST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
        400,
        "malformed",
    ),
    "a whole URL": (get(b"http://localhost/healthz"), 400, "malformed"),
    "a whole URL of another": (get(b"http://evil.example/healthz"), 400, "malformed"),
    "a tunnel": (get(b"evil.example:443", method=b"CONNECT"), 400, "malformed"),
    "an asterisk": (get(b"*", method=b"OPTIONS"), 400, "malformed"),
    "a fragment": (get(b"/healthz#x"), 400, "malformed"),
    "a way up": (get(b"/v1/runs/../../etc/passwd"), 404, "not_found"),
    "a way up from the files": (get(b"/docs/..%2f..%2f..%2fetc/passwd"), 404, "not_found"),
    "a way up, percent-encoded": (get(b"/docs/%2e%2e/%2e%2e/etc/passwd"), 404, "not_found"),
    "60,000 characters of a path": (get(b"/" + b"a" * 60_000), 404, "not_found"),
    "8,000 characters of a query": (get(b"/v1/runs?after=" + b"a" * 8000), 422, "invalid_input"),
    "an unknown method": (get(b"/v1/runs", method=b"BREW"), 400, "malformed"),
    "a method in small letters": (get(b"/v1/runs", method=b"get"), 400, "malformed"),
    "a method of 5,000 letters": (get(b"/v1/runs", method=b"A" * 5000), 400, "malformed"),
    "TRACE": (get(b"/v1/runs", HOST + b"X: secret\r\n", b"TRACE"), 405, "method_not_allowed"),
    "a percent-encoded slash to a route without GET": (get(b"/v1/runs%2fvalidate"), 405, "method_not_allowed"),
    "another host": (get(b"/healthz", b"Host: evil.example\r\n"), 421, "unknown_host"),
    "another host in a whole URL of ours": (get(b"http://localhost/healthz", b"Host: evil.example\r\n"), 400, "malformed"),
    "a host with a user": (get(b"/healthz", b"Host: localhost@evil.example\r\n"), 421, "unknown_host"),
    "a host with a control character": (get(b"/healthz", b"Host: localhost\x01\r\n"), 400, "malformed"),
    "an empty host": (get(b"/healthz", b"Host: \r\n"), 421, "unknown_host"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server with one worker, and see that both are well in the end."""
    with live_server(tmp_path_factory.mktemp("x") / "data", POSTGRAD_WORKERS="1") as running:
        yield running
        assert running[1].poll() is None
        with httpx.Client(base_url=running[0], timeout=90) as client:
            body = {"dataset": {"kind": "xor"}, "model": {"kind": "softmax"}, "training": {"steps": 10}}
            assert client.post("/v1/runs", json=body, headers={"Prefer": "wait=60"}).json()["status"] == "succeeded"


def connect(server: Server) -> socket.socket:
    """Open a connection."""
    return socket.create_connection(("127.0.0.1", urlsplit(server[0]).port or 0), timeout=60)


def talk(server: Server, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes and read one answer: status, headers, body."""
    with connect(server) as connection:
        connection.sendall(sent)
        with connection.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            lines = iter(lambda: answer.readline().decode("latin-1").strip(), "")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            return status, headers, answer.read(int(headers.get("content-length", 0)))


@pytest.mark.parametrize("case", ANSWERS)
def test_each_has_its_answer(server: Server, case: str) -> None:
    """The status is the one it should be, the body a problem document that stays short, and the server goes on."""
    sent, status, code = ANSWERS[case]
    answered, headers, body = talk(server, sent)
    assert answered == status
    if code is not None:
        assert headers["content-type"] == "application/problem+json"
        problem = json.loads(body)
        assert (problem["code"], problem["status"]) == (code, status)
        assert problem["request_id"] == headers["x-request-id"]
        assert len(body) < 1200
        assert headers["x-content-type-options"] == "nosniff"
        assert b"secret" not in body
    assert talk(server, HEALTH)[0] == 200


def everything(server: Server, sent: bytes, answers: int = 1) -> bytes:
    """Send bytes and read until the server closes the connection, or has answered so often and then says no more."""
    with connect(server) as connection:
        connection.sendall(sent)
        received = b""
        while received.count(b"HTTP/1.1 ") < answers and (got := connection.recv(65536)):
            received += got
        connection.settimeout(0.5)  # for the rest of the last answer, and for what should not come
        with suppress(TimeoutError):
            while got := connection.recv(65536):
                received += got
        return received


def statuses(received: bytes) -> list[int]:
    """Return the status of each answer."""
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


def test_nothing_is_smuggled(server: Server) -> None:
    """Behind a body with two lengths stands no request: the connection ends with the refusal."""
    received = everything(server, ANSWERS["two lengths"][0])
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in received.lower()


def test_a_body_longer_than_it_says_is_the_next_request(server: Server) -> None:
    """What follows a body is read as a request, and is none."""
    received = everything(server, POST + b"Content-Length: 2\r\n\r\n{}garbage\r\n\r\n", answers=2)
    assert received.count(b"HTTP/1.1 ") == 2
    assert received.startswith(b"HTTP/1.1 422")
    assert b"HTTP/1.1 400 Bad Request" in received


def test_protocol_that_is_not_changed_to_leaves_the_body(server: Server) -> None:
    """Clients that would rather speak HTTP/2 say so beside a request like any other (the one of Java does): it is answered."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    spec = b'{"dataset": {"kind": "xor"}, "model": {"kind": "svm"}}'
    for body in (
        b"Content-Length: %d\r\n\r\n%s" % (len(spec), spec),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(spec), spec),
    ):
        received = everything(server, POST + upgrade + body + HEALTH, answers=2)
        assert received.count(b"HTTP/1.1 200 OK") == 2
        assert b'"parameters"' in received


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_protocol_that_is_not_changed_to_may_come_in_pieces(server: Server, pause: float) -> None:
    """So it is when head and body come one after the other."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n"
    with connect(server) as connection:
        for piece in (POST, upgrade, b"{", b"}"):
            connection.sendall(piece)
            time.sleep(pause)
        assert connection.recv(65536).startswith(b"HTTP/1.1 422")


def test_protocols_that_are_not_changed_to_may_come_together(server: Server) -> None:
    """So are many such requests in one piece, with bodies and without."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    sent = (get(b"/healthz", HOST + upgrade) + POST + upgrade + b"Content-Length: 2\r\n\r\n{}") * 100
    assert statuses(everything(server, sent, answers=200)) == [200, 422] * 100


@pytest.mark.parametrize("broken", [b"rubbish\r\n\r\n", CHUNKED + b"zz\r\n", CHUNKED + b"2\r\n{}xx"])
def test_broken_request_waits_for_the_answers_before_it(server: Server, broken: bytes) -> None:
    """Requests in one piece with rubbish behind them are answered first, and then the rubbish."""
    assert statuses(everything(server, HEALTH * 3 + broken + HEALTH, answers=4)) == [200] * 3 + [400]


def test_head_may_be_cut_behind_other_requests(server: Server) -> None:
    """What came before it in the same piece does not belong to a head, however much it is."""
    with connect(server) as connection:
        connection.sendall(HEALTH * 2000 + HEALTH[:20])
        time.sleep(0.1)
        connection.sendall(HEALTH[20:])
        received = b""
        while received.count(b"HTTP/1.1 ") < 2001 and (got := connection.recv(65536)):
            received += got
    assert statuses(received) == [200] * 2001


def test_end_that_a_trailer_tells_is_none(server: Server) -> None:
    """A connection that goes on after a trailer said that it would not is answered, and not passed over."""
    received = everything(server, CHUNKED + b"2\r\n{}\r\n0\r\nConnection: close\r\n\r\n" + HEALTH, answers=2)
    assert statuses(received) == [422, 400]


def after_more(server: Server, begun: bytes) -> bytes:
    """Begin a request and go on with 70,000 letters, which are more than a head may have; return what comes back."""
    with connect(server) as connection:
        connection.sendall(begun)
        time.sleep(0.1)
        connection.sendall(b"a" * 70_000)
        return connection.recv(65536)


def test_what_stands_behind_a_body_is_no_header(server: Server) -> None:
    """Trailers are read over, and are not without end."""
    answered = everything(server, CHUNKED + b"2\r\n{}\r\n0\r\nHost: evil.example\r\nX-Request-ID: trailing\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 422")
    assert b"trailing" not in answered
    assert after_more(server, CHUNKED + b"2\r\n{}\r\n0\r\nX: ").startswith(b"HTTP/1.1 400")


def test_extension_of_a_chunk_has_an_end(server: Server) -> None:
    """What stands beside the length of a chunk is read over, and is not without end."""
    assert everything(server, CHUNKED + b"2;a=b\r\n{}\r\n0\r\n\r\n").startswith(b"HTTP/1.1 422")
    assert after_more(server, CHUNKED + b"2;a=").startswith(b"HTTP/1.1 400")


def test_what_is_broken_after_the_answer_ends_the_connection(server: Server) -> None:
    """A body that was refused for its length and then breaks its chunks is not answered twice."""
    limit = 32 * 2**20 + 1
    with connect(server) as connection:
        connection.sendall(CHUNKED + b"%x\r\n" % limit + b" " * limit)
        received = connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 413")
        try:
            connection.sendall(b"\r\nzz\r\n")
            while got := connection.recv(65536):
                received += got
        except ConnectionError:
            pass
    assert received.count(b"HTTP/1.1 ") == 1
    assert talk(server, HEALTH)[0] == 200


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    """Twenty requests in one piece get twenty answers, each its own."""
    sent = b"".join(get(b"/nowhere/%d" % i) for i in range(20))
    received = everything(server, sent, answers=20)
    assert [b"/nowhere/%d" % i in part for i, part in enumerate(received.split(b"HTTP/1.1 404")[1:])] == [True] * 20


def test_a_thousand_connections_come_and_go(server: Server) -> None:
    """Connections that say nothing, half of something or rubbish leave no file open."""
    files = Path(f"/proc/{server[1].pid}/fd")
    before = len(list(files.iterdir()))
    for i in range(1000):
        with connect(server) as connection:
            connection.sendall((b"", HEALTH, b"GET /", TLS, CHUNKED)[i % 5])
    until(lambda: talk(server, HEALTH)[0] == 200 and len(list(files.iterdir())) <= before + 5)


def test_ten_clients_at_once(server: Server) -> None:
    """Ten clients that send all of it at the same time get the same answers as one, and an eleventh is not kept waiting."""
    wrong: list[str] = []

    def client() -> None:
        wrong.extend(name for name, (sent, status, _) in ANSWERS.items() if talk(server, sent)[0] != status)

    clients = [threading.Thread(target=client) for _ in range(10)]
    for thread in clients:
        thread.start()
    answered = 0
    while any(thread.is_alive() for thread in clients):
        assert talk(server, HEALTH)[0] == 200
        answered += 1
    assert wrong == []
    assert answered > len(ANSWERS) / 8, answered  # half as often as each of the ten, as measured; one that waits for all: once
