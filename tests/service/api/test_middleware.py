"""What holds for every request: its id, and the limit on its body."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.service.api.conftest import SPIRAL, Api, strict_json

RUN = json.dumps({"dataset": SPIRAL, "model": {"kind": "softmax"}}).encode()
LIMIT = 200_000  # of the server `idle`
JSON = {"Content-Type": "application/json"}
POST = b"POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def talk(api: Api, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are and read one answer; the connection is left open by the client."""
    with socket.create_connection((api.base_url.host, api.base_url.port or 0), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        while len(body) < int(headers["content-length"]):
            body += connection.recv(65536)
    return int(first.split()[1]), headers, body


class TestRequestId:
    """X-Request-ID."""

    @pytest.mark.parametrize("given", ["a", "7f3c-2b", "trace:1.2_3-4", "x" * 100])
    def test_sane_one_is_kept(self, idle: Api, given: str) -> None:
        """The id that a client sends comes back, in the header and in a problem."""
        for path in ("/healthz", "/v1/runs/run_0"):
            answer = idle.get(path, headers={"X-Request-ID": given})
            assert answer.headers["X-Request-ID"] == given
        assert answer.json()["request_id"] == given

    @pytest.mark.parametrize("given", ["", "a b", "x" * 101, "a\tb", '"><script>', "{}", "%0d%0aX: y", "é".encode()])
    def test_insane_one_is_replaced(self, idle: Api, given: str | bytes) -> None:
        """An id that is too long or holds anything but letters, digits and . _ : - is replaced by a new one."""
        answer = idle.get("/v1/runs/run_0", headers=[(b"X-Request-ID", given if isinstance(given, bytes) else given.encode())])
        assert answer.headers["X-Request-ID"].startswith("req_")
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]

    def test_each_request_gets_its_own(self, idle: Api) -> None:
        """Requests without an id get different ones."""
        assert len({idle.get("/healthz").headers["X-Request-ID"] for _ in range(10)}) == 10

    @pytest.mark.parametrize("path", ["/", "/docs", "/docs/favicon.png", "/openapi.json", "/nowhere"])
    def test_every_answer_has_one(self, idle: Api, path: str) -> None:
        """Pages, files and errors have an id too."""
        assert idle.get(path).headers["X-Request-ID"].startswith("req_")


class TestBodyLimit:
    """The limit on JSON bodies; that on uploads is in test_datasets.py."""

    def test_up_to_the_limit(self, idle: Api) -> None:
        """A body of just the limit is taken, one byte more is not."""
        for size, status in ((LIMIT, 200), (LIMIT + 1, 413)):
            assert idle.post("/v1/runs/validate", content=RUN.ljust(size), headers=JSON).status_code == status

    def test_says_what_is_allowed(self, idle: Api) -> None:
        """The refusal is a problem document that names the limit and its setting, and nothing is created."""
        before = idle.get("/v1/runs").json()
        answer = idle.post("/v1/runs", content=RUN.ljust(LIMIT + 1), headers=JSON)
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"
        assert "200,000 bytes of JSON (POSTGRAD_MAX_BODY_BYTES)" in answer.json()["detail"]
        assert answer.json()["instance"] == "/v1/runs"
        assert idle.get("/v1/runs").json() == before

    def test_chunked_body(self, idle: Api) -> None:
        """A body without a declared length is counted as it comes."""

        def chunks(size: int) -> Iterator[bytes]:
            yield RUN
            for _ in range((size - len(RUN)) // 1000):
                yield b" " * 1000

        for size, status in ((LIMIT, 200), (2 * LIMIT, 413)):
            answer = idle.post("/v1/runs/validate", content=chunks(size), headers=JSON)
            assert answer.status_code == status
        assert "POSTGRAD_MAX_BODY_BYTES" in answer.json()["detail"]

    def test_declared_length_is_refused_unread(self, idle: Api) -> None:
        """A body that declares to be too long is refused before a byte of it has come."""
        head = POST + b"Content-Length: 1000000000000\r\n\r\n"
        status, headers, body = talk(idle, head)
        assert (status, headers["content-type"]) == (413, "application/problem+json")
        assert strict_json(body.decode())["request_id"] == headers["x-request-id"]

    def test_endless_body_is_refused_while_it_comes(self, idle: Api) -> None:
        """A chunked body that never ends is refused as soon as it is over the limit."""
        head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
        status, headers, body = talk(idle, head + b"%x\r\n%s\r\n" % (LIMIT + 1, b" " * (LIMIT + 1)))
        assert (status, headers["content-type"]) == (413, "application/problem+json")
        assert "POSTGRAD_MAX_BODY_BYTES" in strict_json(body.decode())["detail"]

    @pytest.mark.parametrize(
        "path", ["/v1/runs", "/v1/runs/validate", "/v1/datasets", "/v1/runs/run_0/predict", "/v1/runs/run_0/evaluate"]
    )
    def test_every_route_with_a_body_has_it(self, idle: Api, path: str) -> None:
        """Every route that takes JSON has the limit."""
        assert idle.post(path, content=b" " * (LIMIT + 1), headers=JSON).status_code == 413

    def test_server_goes_on(self, idle: Api) -> None:
        """After a refusal the server answers the next request."""
        idle.post("/v1/runs", content=b" " * (LIMIT + 1), headers=JSON)
        assert idle.get("/healthz").status_code == 200
