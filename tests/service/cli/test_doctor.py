"""postgrad doctor: what it sees, and what it says about it."""

import json
import re
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from service.settings import Settings
from tests.live import live_server
from tests.service.cli.conftest import Run

SECRET = "pg_" + "0" * 40


def seen(postgrad: Run, *args: object, **env: str) -> dict[str, Any]:
    """Return what the doctor says as JSON."""
    done = postgrad("doctor", "--json", *args, **env)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (found["problems"][0]["exit_code"] if found["problems"] else 0)
    assert found["ok"] == (not found["problems"])
    return found


def test_nothing_looks_wrong(postgrad: Run, tmp_path: Path) -> None:
    """Beside a server that is fit, every setting, the database, the server and the libraries are told. Nothing is changed."""
    with live_server(tmp_path / "data") as (url, _):
        before = sorted((tmp_path / "data").iterdir())
        found = seen(postgrad, POSTGRAD_URL=url)
        assert found["problems"] == []
        assert {f"POSTGRAD_{name.upper()}" for name in Settings.model_fields} < set(found["settings"])
        assert found["settings"]["POSTGRAD_DATA_DIR"] == {"value": "data", "source": "default"}
        assert found["database"]["revision"] == found["database"]["newest_revision"]
        server = found["server"]
        assert (server["ready"], server["workers_alive"], server["version"]) == (True, server["workers"], "0.1.0")
        assert {"postgrad", "python", "numpy", "blas", "kernel", "threads", "sqlite"} < set(found["versions"])
        told = postgrad("doctor", POSTGRAD_URL=url)
        assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "nothing looks wrong")
        assert re.search(r"^  blas +\S+", told.stdout, re.MULTILINE)
        assert sorted((tmp_path / "data").iterdir()) == before


def test_where_a_setting_comes_from(postgrad: Run, url: str, tmp_path: Path) -> None:
    """A flag wins over a variable, that over `.env`, that over the default; and each is told."""
    (tmp_path / ".env").write_text("POSTGRAD_WORKERS=3\nPOSTGRAD_PORT=1234\n")
    found = seen(postgrad, "--data-dir", "elsewhere", POSTGRAD_PORT="4321", POSTGRAD_URL=url)["settings"]
    assert found["POSTGRAD_DATA_DIR"] == {"value": "elsewhere", "source": "flag"}
    assert found["POSTGRAD_PORT"] == {"value": 4321, "source": "variable"}
    assert found["POSTGRAD_WORKERS"] == {"value": 3, "source": ".env"}
    assert found["POSTGRAD_HOST"] == {"value": "127.0.0.1", "source": "default"}
    assert found["POSTGRAD_URL"] == {"value": url, "source": "variable"}
    assert not (tmp_path / "elsewhere").exists()


def test_no_secret_is_told(postgrad: Run, url: str) -> None:
    """Of a key and a password only that they are there."""
    secrets = {"POSTGRAD_API_KEY": SECRET, "POSTGRAD_URL": url.replace("//", "//me:hush@")}
    for args in ((), ("--json",)):
        told = postgrad("doctor", *args, **secrets).stdout
        assert SECRET not in told
        assert "hush" not in told
    assert seen(postgrad, **secrets)["settings"]["POSTGRAD_API_KEY"] == {"value": "set, not shown", "source": "variable"}


def test_a_setting_that_is_none(postgrad: Run, url: str, tmp_path: Path) -> None:
    """A misspelt variable has no effect, so it is a problem; the right one is named. A value that cannot be is one too."""
    (tmp_path / ".env").write_text("POSTGRAD_LOG_LEVLE=debug\n")
    found = seen(postgrad, POSTGRAD_WORKES="1", POSTGRAD_URL=url)["problems"]
    assert [problem["message"] for problem in found] == [
        "POSTGRAD_WORKES in the environment is no setting",
        "POSTGRAD_LOG_LEVLE in .env is no setting",
    ]
    assert [problem["hint"] for problem in found] == ["did you mean POSTGRAD_WORKERS?", "did you mean POSTGRAD_LOG_LEVEL?"]
    (tmp_path / ".env").write_text("POSTGRAD_API_KEY=pg_x\n")
    (problem,) = seen(postgrad, POSTGRAD_URL=url)["problems"]
    assert problem["message"] == "POSTGRAD_API_KEY in .env has no effect: only servers read that file"
    (tmp_path / ".env").unlink()
    wrong = postgrad("doctor", POSTGRAD_WORKERS="many")
    assert (wrong.returncode, "workers is 'many'" in wrong.stderr) == (2, True)


def test_a_server_that_is_not_there(postgrad: Run) -> None:
    """It is said how to start one."""
    gone = postgrad("doctor", POSTGRAD_URL="http://127.0.0.1:1")
    assert gone.returncode == 7
    assert "problem: http://127.0.0.1:1 cannot be reached" in gone.stdout
    assert "→ start a server with `postgrad serve`" in gone.stdout
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = seen(postgrad, POSTGRAD_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "did not answer in time" in found["problems"][0]["message"]


def test_a_server_that_wants_a_key(postgrad: Run, tmp_path: Path) -> None:
    """Without one the code is 4, and the variable is named."""
    env = {"POSTGRAD_DATA_DIR": str(tmp_path / "data")}
    postgrad("keys", "create", "--name", "me", "--scope", "admin", **env)
    with live_server(tmp_path / "data") as (url, _):
        found = seen(postgrad, POSTGRAD_URL=url, **env)["problems"]
    assert [(problem["exit_code"], "POSTGRAD_API_KEY" in problem["hint"]) for problem in found] == [(4, True)]


def test_a_server_without_a_worker(postgrad: Run, tmp_path: Path) -> None:
    """A worker that has been stopped dead is seen as long as none has taken its place."""
    with live_server(tmp_path / "data", POSTGRAD_WORKERS="0") as (url, _):
        assert seen(postgrad, POSTGRAD_URL=url)["server"]["workers"] == 0


@pytest.mark.parametrize("what", ["file", "garbage", "newer"])
def test_a_database_that_cannot_be_used(postgrad: Run, url: str, tmp_path: Path, what: str) -> None:
    """A data directory that is a file, a database that is none, and one of a newer version are told apart."""
    data = tmp_path / "data"
    if what == "file":
        data.write_text("")
    else:
        data.mkdir()
        (data / "postgrad.sqlite3").write_bytes(b"no database" * 1000)
    if what == "newer":
        (data / "postgrad.sqlite3").unlink()
        assert postgrad("db", "upgrade").returncode == 0
        with sqlite3.connect(data / "postgrad.sqlite3") as database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()
    found = seen(postgrad, POSTGRAD_URL=url)["problems"]
    says = {"file": "is not a directory", "garbage": "file is not a database", "newer": "made by a newer version"}[what]
    assert says in " ".join(problem["message"] for problem in found)
    assert found[0]["exit_code"] == (3 if what == "newer" else 1)


def test_an_older_database_is_no_problem(postgrad: Run, url: str, tmp_path: Path) -> None:
    """The next start migrates it, which is said; the doctor does not."""
    assert postgrad("db", "upgrade").returncode == 0
    with sqlite3.connect(tmp_path / "data/postgrad.sqlite3") as database:
        (newest,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    found = seen(postgrad, POSTGRAD_URL=url)
    assert found["problems"] == []
    assert found["database"]["revision"] == f"0001: `postgrad serve` or `postgrad db upgrade` brings it to {newest}"
    assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    database.close()
