"""`--follow --json` and `runs watch --json`: every line is as `postgrad help json-lines` says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.client import Client
from tests.live import ROOT, live_server
from tests.service.cli.conftest import Run

SPIRAL = ("train", "--dataset", "spiral", "--model", "softmax")


@pytest.fixture
def schema(postgrad: Run) -> Draft202012Validator:
    """Return the schema that the command itself tells."""
    told = json.loads(postgrad("help", "json-lines").stdout)
    Draft202012Validator.check_schema(told)
    return Draft202012Validator(told)


def lines_of(output: str, schema: Draft202012Validator) -> list[dict[str, Any]]:
    """Return the lines, each held against the schema."""
    lines = [json.loads(line) for line in output.splitlines()]
    for line in lines:
        schema.validate(line)
    return lines


def held_against(client: Client, lines: list[dict[str, Any]]) -> None:
    """Check that the lines tell each event of the run once and in order, and end with the run as the API has it."""
    run_id = lines[0]["run_id"]
    events = list(client.runs.events(run_id))
    metrics = [(line["step"], line["points"], line["values"]) for line in lines if line["type"] == "metric"]
    data = [event["data"] for event in events if event["kind"] == "metrics"]
    assert metrics == [(each["to_step"], each["points"], each["last"]) for each in data]
    statuses = [line["status"] for line in lines if line["type"] == "status"]
    assert statuses == [event["data"]["status"] for event in events if event["kind"] == "state"]
    assert [line["type"] == "end" for line in lines] == [False] * (len(lines) - 1) + [True]
    assert lines[-1]["run"] == client.runs.get(run_id)


def test_a_run_from_its_beginning(postgrad: Run, url: str, schema: Draft202012Validator) -> None:
    """Each status and each committed metric is a line; `runs watch` tells the same of a run that has ended."""
    done = postgrad(*SPIRAL, "--steps", 100_000, "--log-every", 100, "--follow", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    lines = lines_of(done.stdout, schema)
    with Client(url) as client:
        held_against(client, lines)
    assert [line["status"] for line in lines if line["type"] == "status"] == ["queued", "running", "succeeded"]
    assert len([line for line in lines if line["type"] == "metric"]) > 1
    again = postgrad("runs", "watch", lines[0]["run_id"], "--json")
    assert lines_of(again.stdout, schema) == lines


@pytest.mark.parametrize(("rate", "status", "code"), [("1", "succeeded", 0), ("1000000", "failed", 3)])
def test_the_end_tells_the_exit_code(postgrad: Run, schema: Draft202012Validator, rate: str, status: str, code: int) -> None:
    """The last line has the status and the code that the command ends with; values that are not finite are null."""
    done = postgrad(*SPIRAL, "--learning-rate", rate, "--follow", "--json")
    *_, end = lines_of(done.stdout, schema)
    assert (done.returncode, end["exit_code"], end["status"]) == (code, code, status)


def test_a_paused_run_ends_the_lines(postgrad: Run, url: str, schema: Draft202012Validator) -> None:
    """A pause is an end for who watches, and no failure."""
    with Client(url) as client:
        run_id = client.runs.create(dataset="spiral", model="softmax", training={"steps": 10**8})["id"]
        client.runs.pause(run_id)
        done = postgrad("runs", "watch", run_id, "--json")
        client.runs.cancel(run_id)
    end = lines_of(done.stdout, schema)[-1]
    assert (done.returncode, end["type"], end["status"]) == (0, "end", "paused")


def test_without_follow_it_is_the_object_of_the_api(postgrad: Run, url: str) -> None:
    """One object, with exactly the keys and values that the API has."""
    made = json.loads(postgrad(*SPIRAL, "--steps", 5, "--json").stdout)
    with Client(url) as client:
        client.runs.wait(made["id"], timeout=60)
        assert json.loads(postgrad("runs", "show", made["id"], "--json").stdout) == client.runs.get(made["id"])
        assert set(made) == set(client.runs.get(made["id"]))


def test_nothing_is_lost_over_a_restart(tmp_path: Path, schema: Draft202012Validator) -> None:
    """The server is stopped and started again while its run is followed: no line is missing, none comes twice."""
    data = tmp_path / "data"
    env = {"POSTGRAD_COMMIT_INTERVAL_SECONDS": "0.05"}  # four lines come when nearly all is still to be trained
    with live_server(data, **env) as (url, server):
        command = [sys.executable, "-m", "service", *SPIRAL, "--steps", "100000", "--follow", "--json", "--url", url]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            head = "".join(process.stdout.readline() for _ in range(4))
            server.terminate()
            server.wait(timeout=60)
            with live_server(data, POSTGRAD_PORT=url.rpartition(":")[2]), Client(url) as client:
                rest, _ = process.communicate(timeout=90)
                lines = lines_of(head + rest, schema)
                held_against(client, lines)
    assert process.returncode == 0
    assert "queued" in [line["status"] for line in lines[3:] if line["type"] == "status"]
