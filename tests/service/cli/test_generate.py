"""Texts on the command line: data put, train, generate."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.cli.body import body_of
from tests.service.cli.conftest import Run

VERSE = "나의 살던 고향은 🌸\nthe cat sat on the mat.\n" * 20


def trained(postgrad: Run, tmp_path: Path) -> Any:
    """Train a small char_rnn; return the run."""
    (tmp_path / "verse.txt").write_text(VERSE, "utf-8")
    command = ("train", "--data", "verse.txt", "--model", "char_rnn", "--hidden", 8, "--sequence-length", 8, "--steps", 20)
    done = postgrad(*command, "--follow", "--quiet")
    assert done.returncode == 0, done.stderr
    return json.loads(postgrad("runs", "show", done.stdout.strip(), "--json").stdout)


def test_text_is_kept_trained_on_and_written(postgrad: Run, tmp_path: Path) -> None:
    """A .txt is a text; `train` trains on it, `generate` writes as `--json` says, the same again for the same seed."""
    run = trained(postgrad, tmp_path)
    assert (run["model"]["hidden_size"], run["model"]["sequence_length"]) == (8, 8)
    assert (run["optimizer"]["kind"], run["optimizer"]["clip"]) == ("adagrad", 0.2)
    put = postgrad("data", "put", "verse.txt")
    assert put.stdout.strip() == run["dataset"]["id"]
    assert f"{len(VERSE):,} characters, {len(set(VERSE))} different ones" in put.stderr
    assert f"--dataset {run['dataset']['id']} --model char_rnn" in put.stderr
    listed = postgrad("data", "ls").stdout
    assert [
        line for line in listed.splitlines() if line.startswith(put.stdout.strip()) and f"{len(set(VERSE))} characters" in line
    ]
    assert "char_rnn 8" in postgrad("runs", "ls").stdout

    wish = (run["id"], "the ", "--length", 60, "--temperature", 3, "--top-k", 20, "--seed", 7)
    written = postgrad("generate", *wish)
    whole = json.loads(postgrad("generate", *wish, "--json").stdout)
    assert (written.returncode, written.stderr) == (0, "")
    assert written.stdout == whole["text"] + "\n"
    assert (len(whole["text"]), whole["prompt"], whole["top_k"], whole["seed"]) == (60, "the ", 20, 7)
    assert json.loads(postgrad("generate", run["id"], "--checkpoint", 0, "--json").stdout)["step"] == 0


def test_what_cannot_be_written_is_named(postgrad: Run, tmp_path: Path) -> None:
    """An unknown character, a run that writes no text and a run that is not there have their exit codes."""
    run = trained(postgrad, tmp_path)
    unknown = postgrad("generate", run["id"], "xyz")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "prompt has 'x', 'y', 'z', which the model's text does not hold" in unknown.stderr
    softmax = postgrad("train", "--dataset", "xor", "--model", "softmax", "--steps", 5, "-q", "-f").stdout.strip()
    refused = postgrad("generate", softmax)
    assert (refused.returncode, "use predict" in refused.stderr) == (1, True)
    assert postgrad("generate", "run_0").returncode == 5
    (tmp_path / "bad.txt").write_bytes(b"fine\nnot \xff\n")
    bad = postgrad("data", "put", "bad.txt")
    assert (bad.returncode, "row 2: byte 0xff is not UTF-8" in bad.stderr) == (2, True)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("train", "--dataset", "text", "--model", "char_rnn"), "a text is given as a file: --data FILE.txt"),
        (("train", "--dataset", "spiral", "--model", "char_rnn"), "which needs a text"),
        (("train", "--dataset", "spiral", "--model", "char_rnn", "--hidden", "8,8"), "one hidden layer"),
    ],
)
def test_bad_usage_is_exit_code_2(postgrad: Run, args: tuple[str, ...], says: str) -> None:
    """What does not fit together is named, whether the command or the server finds it."""
    wrong = postgrad(*args, COLUMNS="200")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert says in wrong.stderr


def test_the_optimizer_of_text_is_completed() -> None:
    """A flag of the optimizer alone changes the default of the model, which the API only takes as a whole."""
    flags = {"dataset": "ds_1", "model": "char_rnn", "learning_rate": 0.2}
    assert body_of(flags)["optimizer"] == {"kind": "adagrad", "clip": 0.2, "learning_rate": 0.2}
    assert body_of({**flags, "optimizer": "sgd"})["optimizer"] == {"kind": "sgd", "learning_rate": 0.2}
