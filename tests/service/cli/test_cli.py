"""The command line as a whole, and the commands that look at runs, data and predictions."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.live import ROOT
from tests.service.cli.conftest import Run

HEAVY = {"numpy", "fastapi", "starlette", "sqlalchemy", "alembic", "uvicorn", "polars", "httpx"}


@pytest.fixture(scope="module")
def run_id(url: str) -> str:
    """Return a softmax that has been trained on the spiral."""
    command = [sys.executable, "-m", "service", "train", "--dataset", "spiral", "--model", "softmax", "--follow", "--quiet"]
    done = subprocess.run([*command, "--url", url], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_help_lists_the_exit_codes() -> None:
    """Scripts find there what each exit code means."""
    done = subprocess.run([sys.executable, "-m", "service", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for line in ("0: fine", "3: the run failed", "5: there is no", "6: the run was cancelled", "7: the server", "130: Ctrl-C"):
        assert line in done.stdout


def test_the_command_line_imports_nothing_heavy() -> None:
    """Importing every command loads neither NumPy nor a framework."""
    code = f"import sys, service.cli.commands; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_processes_are_started_before_anything_heavy_loads() -> None:
    """What answers requests need not wait until its parent has loaded the rest, and loads no command."""
    code = f"import sys, service.cli.processes; print(sorted({HEAVY | {'service.cli.commands'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_told(postgrad: Run) -> None:
    """`--version` is the installed version."""
    assert postgrad("--version").stdout == f"postgrad {version('postgrad')}\n"


def test_an_unreachable_server_is_exit_code_7(postgrad: Run) -> None:
    """The address is named, with a hint how to start a server there."""
    lost = postgrad("runs", "ls", "--url", "http://127.0.0.1:1")
    assert (lost.returncode, lost.stdout) == (7, "")
    assert lost.stderr.startswith("error: http://127.0.0.1:1 cannot be reached")
    assert "hint: start a server with `postgrad serve`" in lost.stderr
    assert postgrad("runs", "ls", "--url", "127.0.0.1:1").returncode == 1


@pytest.mark.parametrize(
    "command",
    [("show",), ("watch",), ("cancel",), ("rm",), ("watch", "--json"), ("pause",), ("resume",), ("fork",), ("verify",)],
)
def test_a_run_that_is_not_there_is_exit_code_5(postgrad: Run, command: tuple[str, ...]) -> None:
    """The error names the run and carries the request id."""
    missing = postgrad("runs", *command, "run_0")
    assert (missing.returncode, missing.stdout) == (5, "")
    assert missing.stderr.startswith("error: there is no run 'run_0'\nrequest id: req_")


def test_runs_are_listed(postgrad: Run, run_id: str) -> None:
    """The list fits a pipe: one line a run, ids whole; as JSON it is the API's page."""
    listed = postgrad("runs", "ls", "--status", "succeeded", "--model", "softmax", "--limit", 1000)
    assert [line for line in listed.stdout.splitlines() if line.startswith(f"{run_id}  succeeded  softmax  spiral")]
    page = json.loads(postgrad("runs", "ls", "--limit", 1, "--json").stdout)
    assert (page["object"], len(page["data"])) == ("list", 1)
    wrong = postgrad("runs", "ls", "--status", "lost")
    assert (wrong.returncode, "status is 'lost'" in wrong.stderr) == (2, True)
    found = postgrad(
        "runs", "ls", "--filter", f"run_id = '{run_id}' and metrics.loss > 0", "--order-by", "metrics.loss DESC", "--json"
    )
    assert [run["id"] for run in json.loads(found.stdout)["data"]] == [run_id]
    wrong = postgrad("runs", "ls", "--filter", "metrics.loss > x")
    assert (wrong.returncode, "filter, at character 16: expected a number" in wrong.stderr) == (2, True)


def test_a_run_is_shown(postgrad: Run, run_id: str) -> None:
    """People see settings, progress and metrics; programs see the API's object."""
    shown = postgrad("runs", "show", run_id).stdout
    for part in (run_id, "succeeded (completed)", "softmax, reg 0.001", "sgd, learning_rate 1", "step 200 of 200", "0.7863"):
        assert part in shown
    assert json.loads(postgrad("runs", "show", run_id, "--json").stdout)["id"] == run_id
    assert postgrad("runs", "watch", run_id).stdout.startswith(f"{run_id} succeeded")


def test_a_run_is_diagnosed(postgrad: Run, run_id: str) -> None:
    """People see what to try and what was measured; programs see the API's object."""
    shown = postgrad("runs", "diagnose", run_id).stdout
    for part in ("nothing looks wrong", "right, relative error", "1.1, as expected (1.099)", "0.493 on 300 examples", "Recall"):
        assert part in shown
    assert json.loads(postgrad("runs", "diagnose", run_id, "--json", "--checkpoint", "0").stdout)["step"] == 0
    fast = postgrad("train", "--dataset", "spiral", "--model", "mlp", "--learning-rate", 10, "--steps", 300, "-qf")
    shown = postgrad("runs", "diagnose", fast.stdout.strip()).stdout
    for part in ("warning", "learning rate 10 is probably too high", "→ fork the run with learning_rate 3", "100 of 100 ReLUs"):
        assert part in shown


def test_a_terminal_without_utf8_is_served(postgrad: Run, run_id: str) -> None:
    """Where a character cannot be written, something else stands in its place."""
    shown = postgrad("runs", "show", run_id, PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "0.7863" in shown.stdout


def test_a_run_that_has_ended_can_only_be_deleted(postgrad: Run) -> None:
    """Cancelling it is refused with what is possible; deleting it works once."""
    run_id = postgrad("train", "--dataset", "xor", "--model", "softmax", "--steps", 5, "-q", "-f").stdout.strip()
    refused = postgrad("runs", "cancel", run_id)
    assert refused.returncode == 1
    assert "cannot cancel a run that is succeeded; possible now: extend, fork, verify, delete" in refused.stderr
    assert postgrad("runs", "rm", run_id).stdout == f"{run_id} deleted\n"
    assert postgrad("runs", "rm", run_id).returncode == 5


def test_examples_are_classified(postgrad: Run, run_id: str, tmp_path: Path) -> None:
    """Rows come as flags, as a file, or from stdin; a header must name the features, in any order."""
    flags = json.loads(postgrad("predict", run_id, "--input", "0.5,0.2", "--input", "-0.3,0.4", "--json").stdout)
    (tmp_path / "rows.csv").write_text("x2,x1\n0.2,0.5\n0.4,-0.3\n")
    file = json.loads(postgrad("predict", run_id, "--file", "rows.csv", "--json").stdout)
    stdin = json.loads(
        postgrad("predict", run_id, "--file", "-", "--checkpoint", "200", "--json", stdin="0.5,0.2\n-0.3,0.4\n").stdout
    )
    assert flags == file == stdin
    (tmp_path / "many.csv").write_text("0.5,0.2\n-0.3,0.4\n" * 60_000)  # more than one request
    many = json.loads(postgrad("predict", run_id, "--file", "many.csv", "--json").stdout)
    assert many == flags | {name: flags[name] * 60_000 for name in ("labels", "scores", "probabilities")}
    (tmp_path / "late.csv").write_text("0.5,0.2\n" * 50_000 + "0.5\n")
    late = postgrad("predict", run_id, "--file", "late.csv")
    assert "in the rows 50,001 to 50,001, of which inputs[0] is the first:" in late.stderr
    assert "inputs[0] has 1 features" in late.stderr
    shown = postgrad("predict", run_id, "-i", "0.5,0.2").stdout.splitlines()
    assert shown[0].split() == ["Label", "p(0)", "p(1)", "p(2)"]
    assert shown[1].split()[0] == str(flags["labels"][0])


@pytest.mark.parametrize(
    ("args", "stdin", "says"),
    [
        ((), "", "give either --input or --file"),
        (("-i", "1,2", "--file", "-"), "", "give either --input or --file"),
        (("-i", "1,two"), "", "could not convert string to float: 'two'"),
        (("-i", "1,2,3"), "", "inputs[0] has 3 features, the model was trained on 2"),
        (("--file", "-"), "a,b\n1,2\n", "the header is a, b; the model was trained on x1, x2"),
        (("--file", "-"), "1,2\n3,x\n", "row 2, column 2: 'x' is not a number"),
        (("--file", "-"), "x2,x1\n1,2\n3\n", "row 3 has 1 columns, the header has 2"),
        (("--file", "-"), "x1,x2\n", "has no rows"),
        (("--file", "absent.csv"), "", "cannot read absent.csv"),
    ],
)
def test_examples_that_cannot_be_used_are_exit_code_2(
    postgrad: Run, run_id: str, args: tuple[str, ...], stdin: str, says: str
) -> None:
    """What is wrong with a row is named by its place."""
    wrong = postgrad("predict", run_id, *args, stdin=stdin, COLUMNS="200")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert says in wrong.stderr


def test_data_is_kept_and_listed(postgrad: Run, tmp_path: Path) -> None:
    """`data put` writes the id, `data ls` shows the dataset; a bad file is named by row and column."""
    (tmp_path / "good.csv").write_text("a,b,kind\n1,2,yes\n3,4,no\n9,9,yes\n")
    put = postgrad("data", "put", "good.csv", "--label", "kind", "--name", "answers")
    assert (put.returncode, put.stdout[:3]) == (0, "ds_")
    assert "3 examples, 2 features, 2 classes" in put.stderr
    listed = postgrad("data", "ls").stdout
    assert any(line.startswith(f"{put.stdout.strip()}  answers") for line in listed.splitlines())
    assert json.loads(postgrad("data", "ls", "--limit", 1, "--json").stdout)["data"][0]["id"] == put.stdout.strip()
    (tmp_path / "bad.csv").write_text("a,b,kind\n1,2,yes\n3,x,no\n")
    bad = postgrad("data", "put", "bad.csv", "--label", "kind")
    assert bad.returncode == 2
    assert "row 3, column 'b'" in bad.stderr
