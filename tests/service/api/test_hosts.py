"""Which hosts are answered for, and what browsers are told about the answers."""

import base64
import hashlib
import re
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.service.api.conftest import Api, serving

ORIGIN = {"Origin": "https://elsewhere.example"}


class TestHosts:
    """The Host header."""

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"])
    def test_own_names_are_answered(self, idle: Api, host: str) -> None:
        """A server on loopback goes by the names of loopback, whatever the port."""
        assert idle.get("/healthz", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            *("rebound.example", "localhost.rebound.example", "rebound.example:8000", "localhost.", "a@localhost", "[::2]"),
            *("", ":8000", "127.0.0.1.rebound.example", "localhost:80:80", "localhost:x", "2130706433", "10.0.0.1", "::1"),
        ],
    )
    @pytest.mark.parametrize("path", ["/healthz", "/v1/runs", "/", "/docs", "/metrics", "/openapi.json", "/nowhere"])
    def test_other_names_are_refused(self, idle: Api, host: str, path: str) -> None:
        """A name that somebody else may have given this address is refused on every path, with the setting to change."""
        answer = idle.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")
        assert "POSTGRAD_ALLOWED_HOSTS" in answer.json()["detail"]

    def test_nothing_is_done_for_them(self, idle: Api) -> None:
        """A write is refused before it is one."""
        before = idle.get("/v1/datasets").json()
        answer = idle.post("/v1/datasets", json={"kind": "spiral"}, headers={"Host": "rebound.example"})
        assert answer.status_code == 421
        assert idle.get("/v1/datasets").json() == before

    @pytest.mark.parametrize(
        ("path", "shape"),
        [
            ("/v2/models/net/infer", {"error"}),
            ("/v2", {"error"}),
            ("/api/2.0/mlflow/runs/search", {"error_code", "message"}),
            ("/api/2.0/mlflow-artifacts/artifacts", {"error_code", "message"}),
        ],
    )
    def test_other_protocols_are_refused_in_their_own_shape(self, idle: Api, path: str, shape: set[str]) -> None:
        """A stock client shows its user why: it reads the errors of its own protocol alone."""
        for headers, status in (({"Host": "rebound.example"}, 421), (ORIGIN, 403)):
            answer = httpx.post(f"{idle.base_url}{path}", headers=headers)
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
            assert set(answer.json()) == shape
            assert "POSTGRAD_ALLOWED_HOSTS" in answer.text

    def test_names_can_be_given(self, tmp_path: Path) -> None:
        """Names of the setting are answered beside those of loopback, and no others."""
        with serving(tmp_path, workers=0, allowed_hosts="lab.example, Other.example") as api:
            for host, status in (("lab.example:80", 200), ("other.example", 200), ("127.0.0.1", 200), ("third.example", 421)):
                assert api.get("/healthz", headers={"Host": host}).status_code == status

    @pytest.mark.parametrize(
        ("host", "allowed", "hosts"),
        [
            ("127.0.0.1", None, {"localhost", "127.0.0.1", "[::1]"}),
            ("127.0.0.2", None, {"localhost", "127.0.0.1", "[::1]", "127.0.0.2"}),
            ("::1", None, {"localhost", "127.0.0.1", "[::1]"}),
            ("lab.example", None, {"localhost", "127.0.0.1", "[::1]", "lab.example"}),
            ("0.0.0.0", None, {"*"}),  # noqa: S104 (the address that means all)
            ("::", None, {"*"}),
            ("0.0.0.0", "lab.example", {"localhost", "127.0.0.1", "[::1]", "0.0.0.0", "lab.example"}),  # noqa: S104
            ("127.0.0.1", "*", {"localhost", "127.0.0.1", "[::1]", "*"}),
            ("127.0.0.1", " , ", {"localhost", "127.0.0.1", "[::1]"}),
        ],
    )
    def test_default_goes_by_the_address(self, host: str, allowed: str | None, hosts: set[str]) -> None:
        """On loopback, its names; on an address that others reach, any name unless names are given."""
        assert set(Settings(host=host, allowed_hosts=allowed).hosts) == hosts


class TestOtherOrigins:
    """Pages of other origins."""

    @pytest.mark.parametrize("path", ["/healthz", "/v1/runs", "/docs", "/metrics", "/nowhere", "/openapi.json"])
    def test_are_given_nothing(self, idle: Api, path: str) -> None:
        """No answer says that another origin may read it, and the preflight of a request is refused."""
        for method in ("GET", "OPTIONS"):
            asked = {**ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
            answer = idle.request(method, path, headers=asked if method == "OPTIONS" else ORIGIN)
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert method == "GET" or answer.status_code in (404, 405)

    @pytest.mark.parametrize(
        "origin", ["https://elsewhere.example", "http://localhost:1", "http://127.0.0.1", "null", "", "localhost", "http://"]
    )
    def test_change_nothing(self, idle: Api, origin: str) -> None:
        """A form or an empty POST, which a browser sends without a preflight, is refused if it is of another origin."""
        run_id, before = idle.create(), idle.get("/v1/datasets").json()
        cancel = idle.post(f"/v1/runs/{run_id}/cancel", headers={"Origin": origin})
        upload = idle.post("/v1/datasets/upload", headers={"Origin": origin}, files={"file": ("a.csv", "x,y\n1,2\n")})
        for answer in (cancel, upload):
            assert (answer.status_code, answer.json()["code"]) == (403, "other_origin")
        assert idle.run(run_id)["status"] == "queued"
        assert idle.get("/v1/datasets").json() == before
        assert idle.get("/v1/runs", headers={"Origin": origin}).status_code == 200

    @pytest.mark.parametrize(
        "path",
        ["/v1/runs", "/v1/runs/run_0/plot.svg", "/v2", "/api/2.0/mlflow/experiments/search", "/metrics", "/openapi.json"],
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_cannot_make_it_work(self, idle: Api, method: str, path: str) -> None:
        """A browser's GET for a page of another site is refused as well, by what the browser says of it."""
        address = f"{idle.base_url}".rstrip("/") + path  # past the checks of problem documents: other protocols have none
        answer = httpx.request(method, address, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        for site in ("same-origin", "same-site", "none"):
            assert httpx.request(method, address, headers={"Sec-Fetch-Site": site}).status_code != 403

    @pytest.mark.parametrize("path", ["/", "/docs", "/web/icon.svg", "/healthz", "/readyz"])
    def test_may_link_to_pages(self, idle: Api, path: str) -> None:
        """Pages, their files and probes are answered, whoever links to them."""
        assert idle.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code != 403

    def test_a_named_host_may_ask(self, tmp_path: Path) -> None:
        """A page of a named host is none of another site."""
        with serving(tmp_path, workers=0, allowed_hosts="lab.example") as api:
            for origin, status in (("https://lab.example", 200), ("https://other.example", 403)):
                headers = {"Sec-Fetch-Site": "cross-site", "Origin": origin}
                assert api.get("/v1/runs", headers=headers).status_code == status

    def test_a_page_of_this_server_may(self, idle: Api) -> None:
        """The server's own pages change what they like, by whichever of its names they came."""
        port = idle.base_url.port
        for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
            headers = {"Origin": f"http://{host}", "Host": host}
            assert idle.post(f"/v1/runs/{idle.create()}/cancel", headers=headers).status_code == 200

    def test_a_page_behind_a_proxy_may(self, tmp_path: Path) -> None:
        """A named host is an origin of this server, whatever Host its proxy passes on."""
        with serving(tmp_path, workers=0, allowed_hosts="Lab.example") as api:
            for origin, status in (
                ("https://lab.example", 200),
                ("https://lab.example:8443", 200),
                ("https://lab.exampl", 403),
            ):
                assert api.post(f"/v1/runs/{api.create()}/cancel", headers={"Origin": origin}).status_code == status

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    def test_cannot_write_without_asking(self, idle: Api, kind: str) -> None:
        """The kinds of body that a browser sends elsewhere without a preflight are not taken for JSON."""
        body = b'{"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}}'
        assert idle.post("/v1/runs", content=body, headers={"Content-Type": kind}).status_code == 415


class TestSecurityHeaders:
    """The headers for browsers."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            *(("GET", "/healthz"), ("GET", "/docs"), ("GET", "/docs/favicon.png"), ("GET", "/metrics"), ("GET", "/nowhere")),
            *(("PUT", "/v1/runs"), ("POST", "/v1/runs"), ("HEAD", "/v1/runs"), ("GET", "/openapi.json"), ("GET", "/")),
        ],
    )
    def test_are_on_every_answer(self, idle: Api, method: str, path: str) -> None:
        """No kind of file is guessed, no other page frames it, no address is passed on, no foreign script runs."""
        headers = idle.request(method, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert policy.startswith(
            "default-src 'self'" if headers.get("content-type", "").startswith("text/html") else "default-src 'none'"
        )
        assert "unsafe-eval" not in policy

    def test_are_on_a_failure_and_a_refusal(self, idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer that does not come the usual way has them too."""
        refused = idle.get("/healthz", headers={"Host": "rebound.example"})
        monkeypatch.setattr("service.api.system.fingerprint", None)
        failed = httpx.get(f"{idle.base_url}/v1/info")
        assert (refused.status_code, failed.status_code) == (421, 500)
        for answer in (refused, failed):
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert len(answer.headers.get_list("X-Request-ID")) == 1

    def test_docs_run_their_own_scripts_alone(self, idle: Api) -> None:
        """The one script that stands in the page is allowed by its digest; others, and styles in the page, are not."""
        page = idle.get("/docs")
        (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
        assert policy["script-src"] == f"'self' 'sha256-{digest}'"
        assert "unsafe" not in page.headers["Content-Security-Policy"]
