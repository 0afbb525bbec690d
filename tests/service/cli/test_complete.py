"""Completion, as a shell asks for it."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence

import pytest

from service.client import Client
from tests.live import ROOT

PATIENT = """
from service.cli import complete
complete.BUDGET_SECONDS = 30
from service.__main__ import main
main()
"""
"""The command with a budget that is enough on a busy machine too. What is offered is the same."""


def completed(words: str, url: str, shell: str = "bash", *, main: Sequence[str] = ("-c", PATIENT)) -> tuple[list[str], str]:
    """Return what the shell would offer for the last of the words, and what stands on stderr."""
    asked = {"_POSTGRAD_COMPLETE": f"complete_{shell}", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = subprocess.run(
        [sys.executable, *main],
        cwd=ROOT,
        env={**os.environ, "POSTGRAD_URL": url, **asked, "_TYPER_COMPLETE_ARGS": words},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split(), done.stderr


@pytest.fixture(scope="module")
def made(url: str) -> list[str]:
    """Return three runs."""
    with Client(url) as client:
        body = {"dataset": {"kind": "xor"}, "model": {"kind": "softmax"}, "training": {"steps": 5}, "name": "a name"}
        return [client.runs.create(body)["id"] for _ in range(3)]


@pytest.mark.parametrize("command", ["runs show", "runs watch", "runs cancel", "runs rm", "predict", "models promote name"])
def test_runs_are_offered(url: str, made: list[str], command: str) -> None:
    """The ids of runs that begin as what was typed, wherever a command takes one."""
    offered, said = completed(f"postgrad {command} {made[0][:-1]}", url)
    assert made[0] in offered
    assert all(each.startswith(made[0][:-1]) for each in offered)
    assert said == ""
    assert set(made) <= set(completed(f"postgrad {command} run_", url)[0])


def test_several_ids_in_a_row(url: str, made: list[str]) -> None:
    """After one id of `runs rm` comes another."""
    assert set(made) <= set(completed(f"postgrad runs rm {made[0]} run_", url)[0])


def test_the_address_of_the_flag_counts(url: str, made: list[str]) -> None:
    """A --url that stands before is asked, not that of the variable."""
    assert set(made) <= set(completed(f"postgrad runs show --url {url} run_", "http://127.0.0.1:1")[0])


def test_shells_that_can_tell_what_it_is(url: str, made: list[str]) -> None:
    """Status and name stand beside the id in zsh and fish."""
    offered, _ = completed("postgrad runs show run_", url, "zsh")
    assert made[0] in " ".join(offered)
    assert "a name" in " ".join(offered)


def test_a_server_that_is_not_there_says_nothing() -> None:
    """No server, or something else than one: nothing is offered, and nothing complains."""
    for url in ("http://127.0.0.1:1", "no address", "http://[", "ftp://x", "http://127.0.0.1:99999999"):
        assert completed("postgrad runs show run_", url) == ([], "")


def test_a_slow_server_is_not_waited_for() -> None:
    """A server that takes the request and never answers does not keep the command, which offers nothing then."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert completed("postgrad runs show run_", address, main=("-m", "service")) == ([], "")
