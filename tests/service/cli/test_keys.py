"""postgrad keys: on the database itself, beside a running server."""

import re
import time
from pathlib import Path

import httpx
import pytest

from service.client import AuthenticationError, Client, ForbiddenError
from service.runs.api_keys import OPEN_SECONDS
from tests.live import live_server
from tests.service.cli.conftest import Run


def test_create_list_delete(postgrad: Run) -> None:
    """The secret alone is on stdout; the list shows how it begins; a deleted key is not found again."""
    assert "there are no keys" in postgrad("keys", "ls").stderr
    first = postgrad("keys", "create", "--name", "me", "--scope", "read")
    assert (first.returncode, "admin for the first key" in first.stderr) == (2, True)
    made = postgrad("keys", "create", "--name", "me", "--scope", "admin", "--scope", "read", "--days", 30)
    assert re.fullmatch(r"pg_[0-9a-z]{40}\n", made.stdout)
    key_id = made.stderr.split(",")[0]
    listed = postgrad("keys", "ls").stdout
    assert key_id in listed
    assert made.stdout[:9] in listed
    assert made.stdout.strip() not in listed
    assert postgrad("keys", "rm", key_id).returncode == 0
    assert postgrad("keys", "rm", key_id).returncode == 5
    assert postgrad("keys", "create", "--name", "", "--scope", "admin").returncode == 2
    assert postgrad("keys", "create", "--name", "x", "--scope", "root").returncode == 2
    assert postgrad("keys", "create", "--name", "x", "--scope", "admin", "--owner", "key_0").returncode == 2


def test_beside_a_running_server(tmp_path: Path, postgrad: Run) -> None:
    """The first key closes a server that runs within a second; commands take it from POSTGRAD_API_KEY, the client too."""
    with live_server(tmp_path / "data", POSTGRAD_WORKERS="0") as (url, _):
        assert postgrad("runs", "ls", "--url", url).returncode == 0
        secret = postgrad("keys", "create", "--name", "me", "--scope", "admin", "--data-dir", "data").stdout.strip()
        time.sleep(OPEN_SECONDS)
        refused = postgrad("runs", "ls", "--url", url)
        assert (refused.returncode, "POSTGRAD_API_KEY" in refused.stderr) == (4, True)
        assert postgrad("runs", "ls", "--url", url, POSTGRAD_API_KEY=secret).returncode == 0
        with Client(url, api_key=secret) as client:
            reader = client.api_keys.create("reader", ["read"], expires_in=60)
            assert [key["name"] for key in client.api_keys.list()] == ["reader", "me"]
            assert client.api_keys.get(reader["id"])["prefix"] == reader["secret"][:9]
            with Client(url, api_key=reader["secret"]) as other, httpx.Client() as plain:
                assert list(other.runs.list()) == []
                with pytest.raises(ForbiddenError, match="the scope train"):
                    other.runs.create(dataset="spiral", model="softmax")
                with pytest.raises(AuthenticationError, match="needs Authorization"):
                    Client(url, http=plain).info()
            client.api_keys.delete(reader["id"])
            assert [key["name"] for key in client.api_keys.list()] == ["me"]
