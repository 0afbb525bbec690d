"""Proxies that are believed, and probes that wait behind nobody."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from service.settings import Settings
from tests.faults.processes import until
from tests.live import ROOT, live_server

THREADS = 40  # of the pool

SLOW = """
import os, runpy, time
from pathlib import Path
from service.api import system

def slow():
    with Path(__file__).with_name("begun").open("a") as begun:
        begun.write(".")
    time.sleep(8)
    return {}

system.fingerprint = slow
if __name__ == "__main__":
    runpy.run_module("service", run_name="__main__")
"""


class TestProxies:
    """POSTGRAD_TRUSTED_PROXIES."""

    @pytest.mark.parametrize(
        ("trusted", "required", "expected"),
        [("", "false", [200] * 3 + [429] * 3), ("", "true", [401] * 3 + [429] * 3), ("127.0.0.0/8", "false", [200] * 6)],
        ids=["nobody", "nobody, without a key", "this machine"],
    )
    def test_only_they_name_the_address_of_a_client(
        self, tmp_path: Path, trusted: str, required: str, expected: list[int]
    ) -> None:
        """Six clients of three requests in a minute are one, unless who tells them apart is trusted."""
        env = {"POSTGRAD_TRUSTED_PROXIES": trusted, "POSTGRAD_REQUIRE_KEY": required, "FORWARDED_ALLOW_IPS": "*"}
        if required == "true":
            make = [sys.executable, "-m", "service", "keys", "create", "--name", "me", "--scope", "admin"]
            where = {"POSTGRAD_DATA_DIR": str(tmp_path / "data")}
            subprocess.run(make, cwd=ROOT, env={**os.environ, **where}, check=True, timeout=60)
        env |= {"POSTGRAD_WORKERS": "0", "POSTGRAD_MAX_REQUESTS_PER_MINUTE": "3"}
        with live_server(tmp_path / "data", **env) as (url, _), httpx.Client(base_url=url) as client:
            forged = ({"X-Forwarded-For": f"203.0.113.{i}"} for i in range(6))
            assert [client.get("/v1/runs", headers=headers).status_code for headers in forged] == expected

    @pytest.mark.parametrize("given", ["proxy.example", "10.0.0.0/8, *", "10.0.0.1/8"])
    def test_what_is_no_address_is_no_setting(self, given: str) -> None:
        """A name would be compared with addresses, and never be equal to one."""
        with pytest.raises(ValidationError, match="trusted_proxies"):
            Settings(trusted_proxies=given)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[httpx.Client]:
    """Run a server whose threads are all taken for eight seconds."""
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    with (
        live_server(tmp_path / "data", main=(str(script),), POSTGRAD_WORKERS="0") as (url, _),
        httpx.Client(base_url=url, timeout=60, limits=httpx.Limits(max_connections=None)) as client,
        ThreadPoolExecutor(48) as pool,
    ):
        slow = [pool.submit(client.get, "/v1/info") for _ in range(48)]
        begun = tmp_path / "begun"
        until(lambda: begun.exists() and begun.stat().st_size == THREADS)
        yield client
        assert not any(answer.done() for answer in slow)


def test_probes_wait_behind_nobody(full: httpx.Client) -> None:
    """Probes are answered while requests wait for a thread."""
    for path in ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready", "/metrics"):
        assert full.get(path).status_code == 200, path
