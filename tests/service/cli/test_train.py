"""postgrad train: from flags to a request, and from a run to an exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.cli.body import body_of
from tests.live import ROOT
from tests.service.cli.conftest import Run

SPIRAL = ("train", "--dataset", "spiral", "--model", "softmax")
FLAGS: dict[str, Any] = {
    "dataset": "ds_1", "model": "mlp", "hidden": "100,50", "activation": "tanh", "reg": 0.1, "learning_rate": 0.5,
    "momentum": 0.9,
    "nesterov": True, "steps": 7, "batch_size": 8, "seed": 9, "dtype": "float64", "log_every": 1, "validation_fraction": 0.2,
    "standardize": False, "name": "all of them", "tag": ["a=b", "c=d=e"], "margin": None, "file": None, "url": "http://x",
}  # fmt: skip


def test_every_flag_has_its_place() -> None:
    """Each flag that is given stands where the API wants it, and nothing else is sent."""
    assert body_of(FLAGS) == {
        "name": "all of them",
        "dataset": {"kind": "stored", "id": "ds_1"},
        "model": {"kind": "mlp", "hidden_sizes": [100, 50], "activation": "tanh", "reg": 0.1},
        "optimizer": {"kind": "sgd", "learning_rate": 0.5, "momentum": 0.9, "nesterov": True},
        "training": {
            "steps": 7, "batch_size": 8, "seed": 9, "dtype": "float64", "log_every": 1, "validation_fraction": 0.2,
            "standardize": False,
        },
        "tags": {"a": "b", "c": "d=e"},
    }  # fmt: skip
    assert body_of({"dataset": "spiral", "model": "svm", "margin": 2.0, "tag": []}) == {
        "dataset": {"kind": "spiral"},
        "model": {"kind": "svm", "margin": 2.0},
    }


def test_flags_change_a_file(tmp_path: Path) -> None:
    """What a file says stays unless a flag says otherwise; another kind of model does not inherit this one's settings."""
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"dataset": {"kind": "spiral", "seed": 3}, "model": {"kind": "mlp", "hidden_sizes": [9]}}))
    same = {"dataset": {"kind": "spiral", "seed": 3}, "model": {"kind": "mlp", "hidden_sizes": [9]}, "training": {"steps": 5}}
    assert body_of({"file": str(file), "dataset": "spiral", "model": "mlp", "steps": 5}) == same
    assert body_of({"file": str(file), "model": "svm"})["model"] == {"kind": "svm"}


def test_a_run_is_queued(postgrad: Run) -> None:
    """Without --follow: one line on stdout, or the run as JSON, or its id alone."""
    spoken = postgrad(*SPIRAL, "--steps", 20)
    assert spoken.returncode == 0
    assert spoken.stdout.endswith(" queued: softmax on spiral, 20 steps\n")
    assert "postgrad runs watch run_" in spoken.stderr
    quiet = postgrad(*SPIRAL, "--steps", 20, "--quiet")
    assert (quiet.stdout[:4], quiet.stdout.count("\n"), quiet.stderr) == ("run_", 1, "")
    run = json.loads(postgrad(*SPIRAL, "--steps", 20, "--name", "mine", "--tag", "a=b", "--json").stdout)
    assert (run["object"], run["name"], run["tags"], run["training"]["steps"]) == ("run", "mine", {"a": "b"}, 20)


def test_a_followed_run_ends_with_its_result(postgrad: Run) -> None:
    """In a pipe the result is one line on stdout, progress is plain text on stderr, and no control character is anywhere."""
    done = postgrad(*SPIRAL, "--steps", 200, "-f")
    assert done.returncode == 0
    assert "succeeded, step 200 of 200, loss 0.7863, accuracy 0.4933" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_a_diverged_run_is_exit_code_3(postgrad: Run) -> None:
    """The command fails with the run, and says why and what may help."""
    failed = postgrad(*SPIRAL, "--learning-rate", 1000000, "--follow")
    assert failed.returncode == 3
    assert "error: the run failed: loss is not finite after" in failed.stderr
    assert "learning rate" in failed.stderr


def test_a_table_is_uploaded_and_trained_on(postgrad: Run, tmp_path: Path) -> None:
    """--data uploads the file first; the same file is not kept twice."""
    (tmp_path / "t.csv").write_text("a,b,kind\n1,2,yes\n3,4,no\n2,2,yes\n3,5,no\n")
    train = ("train", "--data", "t.csv", "--label", "kind", "--model", "softmax", "--steps", 10, "--json", "--standardize")
    first, second = (json.loads(postgrad(*train).stdout) for _ in range(2))
    assert first["data"]["classes"] == ["no", "yes"] or first["data"]["classes"] == ["yes", "no"]
    assert first["dataset"] == second["dataset"]


def test_a_body_comes_from_stdin(postgrad: Run) -> None:
    """`--file -` reads the request body; flags change it."""
    body = json.dumps({"dataset": {"kind": "xor"}, "model": {"kind": "softmax"}, "training": {"steps": 3, "seed": 4}})
    run = json.loads(postgrad("train", "--file", "-", "--seed", 5, "--json", stdin=body).stdout)
    assert (run["dataset"]["kind"], run["training"]["steps"], run["training"]["seed"]) == ("xor", 3, 5)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("train", "--model", "svm"), "say what to train on"),
        (("train", "--dataset", "spiral"), "say what to train"),
        (
            ("train", "--dataset", "spiral", "--model", "svm", "--steps", "0"),
            "training.steps is 0, must be at least 1",
        ),
        (("train", "--dataset", "spiral", "--model", "cnn"), "must be one of softmax, svm, mlp"),
        (("train", "--dataset", "spiral", "--model", "mlp", "--hidden", "1;2"), "expected whole numbers with commas"),
        (("train", "--dataset", "spiral", "--model", "mlp", "--tag", "x"), "expected key=value"),
        (("train", "--dataset", "spiral", "--model", "svm", "--hidden", "5"), "model.hidden_sizes is not a known field"),
        (("train", "--dataset", "spiral", "--model", "svm", "--label", "y"), "names a column of --data"),
        (("train", "--file", "absent.json"), "cannot read absent.json: No such file or directory"),
        (("train", "--file", "-"), "- is not JSON"),
        (("train", "--steps", "many"), "--steps"),
        (("train", "--nonsense"), "No such option"),
    ],
)
def test_bad_usage_is_exit_code_2(postgrad: Run, args: tuple[str, ...], says: str) -> None:
    """A flag, a value or a file that cannot be used is named, whether the command or the server finds it."""
    wrong = postgrad(*args, COLUMNS="200")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert says in wrong.stderr


def test_ctrl_c_leaves_the_run(postgrad: Run, url: str) -> None:
    """Ctrl-C ends the watching with 130 and says how to go on; a watcher of a run that is cancelled ends with 6."""
    command = [sys.executable, "-m", "service", *SPIRAL, "--steps", "100000000", "--follow", "--json"]
    environment = {**os.environ, "POSTGRAD_URL": url}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        run_id = json.loads(process.stdout.readline())["run_id"]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    go_on = f"watch it: postgrad runs watch {run_id}, stop it: postgrad runs cancel {run_id}"
    assert said == f"detached, the run goes on; {go_on}\n"
    assert json.loads(postgrad("runs", "show", run_id, "--json").stdout)["status"] in ("queued", "running")

    watch = [sys.executable, "-m", "service", "runs", "watch", run_id, "--json"]
    with subprocess.Popen(watch, cwd=ROOT, env=environment, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["status"] == "queued"  # the first thing that happened to it
        assert postgrad("runs", "cancel", run_id).returncode == 0
        rest, _ = process.communicate(timeout=60)
    end = json.loads(rest.splitlines()[-1])
    assert (process.returncode, end["exit_code"], end["status"]) == (6, 6, "cancelled")
