"""`--print-curl`: what it writes does the same when it is pasted into a shell, and holds no secret."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from service.cli.commands import app
from service.client import Client
from service.client.calls import Call
from service.client.curl import curl
from tests.live import live_server
from tests.service.cli.conftest import Run
from tests.tools import need

SECRET = "pg_" + "0" * 40
WEIRD = """it's "quoted" $HOME `id` \\n ! – é {x} [1-3]"""


@pytest.fixture(scope="module")
def run_id(url: str) -> str:
    """Return a softmax that has been trained on the spiral."""
    with Client(url) as client:
        run = client.runs.create(dataset="spiral", model="softmax", training={"steps": 20})
        return client.runs.wait(run["id"], timeout=60)["id"]


@pytest.fixture
def shell(tmp_path: Path) -> Any:
    """Run text as if it had been pasted into a shell; return what it printed."""
    need("curl")

    def run(text: str, **env: str) -> str:
        done = subprocess.run(
            ["bash", "-e"], input=text, cwd=tmp_path, env={**os.environ, **env}, capture_output=True, text=True, check=True
        )
        return done.stdout

    return run


def printed(postgrad: Run, *args: object, **env: str) -> str:
    """Return what a command prints instead of sending it."""
    done = postgrad(*args, "--print-curl", **env)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith(("curl ", "DATA=$(curl "))
    return done.stdout


def without_times(value: dict[str, Any]) -> dict[str, Any]:
    """Return a run without what differs from one to the next."""
    new = ("id", "created_at", "updated_at", "links", "queue_position")
    return {key: part for key, part in value.items() if key not in new}


def test_a_run_is_made_by_the_shell_alone(postgrad: Run, url: str, shell: Any) -> None:
    """The command itself sends nothing; pasted, it makes the run that the flags say, whatever characters they hold."""
    flags = ("train", "--dataset", "xor", "--model", "softmax", "--steps", 5, "--name", WEIRD, "--tag", "a=b c")
    with Client(url) as client:
        before = [run["id"] for run in client.runs.list()]
        text = printed(postgrad, *flags)
        assert [run["id"] for run in client.runs.list()] == before
    made = json.loads(shell(text))
    assert made["name"] == WEIRD
    assert without_times(made) == without_times(json.loads(postgrad(*flags, "--json").stdout))
    assert json.loads(shell(text))["id"] != made["id"]  # whoever runs it twice means it twice


def test_a_file_is_uploaded_and_trained_on(postgrad: Run, shell: Any, tmp_path: Path) -> None:
    """Two requests are two commands, the second with the id that the first has answered."""
    name = """odd; "name", it's.csv"""
    (tmp_path / name).write_text("a,b,the kind\n1,2,yes\n3,4,no\n2,2,yes\n3,5,no\n")
    flags = ("train", "--data", name, "--label", "the kind", "--model", "softmax", "--steps", 5)
    made = json.loads(shell(printed(postgrad, *flags)))
    assert made["data"]["features"] == ["a", "b"]
    put = json.loads(shell(printed(postgrad, "data", "put", name, "--label", "the kind", "--name", "@mine;type=x")))
    assert put["features"] == ["a", "b"]
    assert put["id"] == made["dataset"]["id"]


@pytest.mark.parametrize(
    "command",
    [
        "runs ls --limit 1",
        "runs ls --filter metrics.loss<9 --order-by metrics.loss --limit 1",
        "runs show ID",
        "runs diagnose ID --checkpoint best",
        "predict ID -i 0.5,0.2 -i 1,2",
        "models ls",
        "data ls --limit 1",
    ],
)
def test_reading_is_the_same(postgrad: Run, shell: Any, run_id: str, command: str) -> None:
    """The JSON is that of the command with --json."""
    args = [run_id if word == "ID" else word for word in command.split()]
    assert json.loads(shell(printed(postgrad, *args))) == json.loads(postgrad(*args, "--json").stdout)


def test_a_header_is_put_in_order(postgrad: Run, shell: Any, run_id: str, tmp_path: Path) -> None:
    """Columns of a file are sent in the order of the model's features; a large body does not go through the arguments."""
    rows = "".join(f"{i}.25,{i}.5\n" for i in range(20_000))
    (tmp_path / "rows.csv").write_text(f"x2,x1\n{rows}")
    text = printed(postgrad, "predict", run_id, "--file", "rows.csv")
    assert len(text) > 200_000
    assert len(json.loads(shell(text))["labels"]) == 20_000
    (tmp_path / "two.csv").write_text("x2,x1\n0.2,0.5\n")
    assert "[[0.5, 0.2]]" in printed(postgrad, "predict", run_id, "--file", "two.csv")


def test_a_run_is_stopped_changed_and_deleted(postgrad: Run, url: str, shell: Any, run_id: str, tmp_path: Path) -> None:
    """Pause, resume, fork, extend, verify, promote, export, watch, cancel, rm."""
    with Client(url) as client:
        long = client.runs.create(dataset="spiral", model="softmax", training={"steps": 10**8})["id"]
        shell(printed(postgrad, "runs", "pause", long))
        assert client.runs.wait(long, timeout=60)["status"] == "paused"
        assert json.loads(shell(printed(postgrad, "runs", "resume", long)))["status"] == "queued"
        shell(printed(postgrad, "runs", "cancel", long))
        assert client.runs.wait(long, timeout=60)["status"] == "cancelled"
        watched = shell(printed(postgrad, "runs", "watch", long))
        assert "event: end" in watched
        new = [
            json.loads(shell(printed(postgrad, "runs", *args)))["id"]
            for args in (
                ("fork", run_id, "--set", "optimizer.learning_rate=0.5", "--set", "training.steps=30"),
                ("extend", run_id, "--steps", 40),
                ("verify", run_id),
            )
        ]
        for each in new:
            client.runs.wait(each, timeout=60)
        assert json.loads(shell(printed(postgrad, "models", "promote", "curled", run_id)))["version"] == 1
        assert json.loads(shell(printed(postgrad, "models", "show", "curled")))["id"] == "curled"
        shell(printed(postgrad, "export", run_id, "--format", "safetensors", "-o", "a b.safetensors"))
        assert (tmp_path / "a b.safetensors").read_bytes() == client.runs.export(run_id, "safetensors")
        shell(printed(postgrad, "runs", "rm", *new, long))
        assert not {*new, long} & {run["id"] for run in client.runs.list()}


def test_text_is_generated(postgrad: Run, shell: Any, tmp_path: Path) -> None:
    """The answer is the whole text."""
    (tmp_path / "t.txt").write_text("to be or not to be " * 40)
    train = ("train", "--data", "t.txt", "--model", "char_rnn", "--hidden", 8, "--steps", 20, "-f", "-q")
    writer = postgrad(*train).stdout.strip()
    args = ("generate", writer, "to ", "--length", 20, "--seed", 3)
    assert json.loads(shell(printed(postgrad, *args)))["text"] + "\n" == postgrad(*args).stdout


def test_no_secret_is_printed(postgrad: Run, shell: Any, tmp_path: Path) -> None:
    """A key is the variable that it came from, and the shell that has it is let in; so is an address with a password."""
    env = {"POSTGRAD_DATA_DIR": str(tmp_path / "closed")}
    secret = postgrad("keys", "create", "--name", "me", "--scope", "admin", **env).stdout.strip()
    with live_server(tmp_path / "closed") as (url, _):
        text = printed(postgrad, "runs", "ls", "--url", url, POSTGRAD_API_KEY=secret)
        assert secret not in text
        assert '-H "Authorization: Bearer $POSTGRAD_API_KEY"' in text
        assert json.loads(shell(text, POSTGRAD_API_KEY=secret))["object"] == "list"
        assert "Authorization" not in printed(postgrad, "runs", "ls", "--url", url, POSTGRAD_API_KEY="")
        inside = url.replace("//", f"//me:{secret}@")
        text = printed(postgrad, "runs", "show", "run_0", POSTGRAD_URL=inside)
        assert secret not in text
        assert json.loads(shell(text, POSTGRAD_URL=inside))["code"] == "not_found"


def test_what_curl_would_take_for_a_pattern() -> None:
    """Brackets and braces in an address are meant as they are."""
    text = curl("http://[::1]:8000", Call(method="GET", path="/v1/runs/a%7Bb%7D", params={"tag": ["a:b", "c:d"]}), key=False)
    assert text == "curl -sS -g 'http://[::1]:8000/v1/runs/a%7Bb%7D?tag=a%3Ab&tag=c%3Ad'"


def test_every_command_that_asks_has_it() -> None:
    """Wherever there is a --url, there is a --print-curl; but doctor, whose requests are not the point."""
    group = cast("TyperGroup", get_command(app))
    commands = {**{f"{name}": command for name, command in group.commands.items()}}
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            commands |= {f"{name} {verb}": each for verb, each in command.commands.items()}
    flags = {name: {flag for param in each.params for flag in param.opts} for name, each in commands.items()}
    asking = {name for name, each in flags.items() if "--url" in each}
    assert len(asking) > 15
    assert {name for name in asking if "--print-curl" not in flags[name]} == {"doctor"}


def test_nothing_but_the_address_is_needed(postgrad: Run) -> None:
    """No server is asked, so none has to be there."""
    text = printed(postgrad, "runs", "cancel", "run_1", POSTGRAD_URL="http://127.0.0.1:1")
    assert re.fullmatch(r"curl -sS -X POST http://127.0.0.1:1/v1/runs/run_1/cancel\n", text)
