"""`postgrad export`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.live import ROOT
from tests.service.cli.conftest import Run


@pytest.fixture(scope="module")
def run_id(url: str) -> str:
    """Return a softmax that has been trained on the spiral."""
    command = [sys.executable, "-m", "service", "train", "--dataset", "spiral", "--model", "softmax", "--follow", "--quiet"]
    done = subprocess.run([*command, "--url", url], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_model_is_written(postgrad: Run, run_id: str, tmp_path: Path) -> None:
    """The file is called after the run and its format; where it is goes to stdout, its size to stderr."""
    done = postgrad("export", run_id)
    file = tmp_path / f"{run_id}.npz"
    assert (done.returncode, done.stdout) == (0, f"{run_id}.npz\n")
    assert done.stderr == f"{file.stat().st_size:,} bytes\n"
    with np.load(file, allow_pickle=False) as m:
        assert m["W1"].shape == (2, 3)


def test_format_checkpoint_and_file_are_chosen(postgrad: Run, run_id: str, tmp_path: Path) -> None:
    """Each flag does what it says."""
    assert postgrad("export", run_id, "--format", "onnx").stdout == f"{run_id}.onnx\n"
    assert postgrad("export", run_id, "--checkpoint", "0", "-o", "start.npz").stdout == "start.npz\n"
    assert postgrad("export", run_id, "--format", "safetensors", "-o", tmp_path / "model.bin").returncode == 0
    assert b'"W1"' in (tmp_path / "model.bin").read_bytes()
    with np.load(tmp_path / "start.npz", allow_pickle=False) as m:
        assert not m["b1"].any()


def test_a_pipe_gets_the_file_and_nothing_else(postgrad: Run, run_id: str, url: str, tmp_path: Path) -> None:
    """`-o -` writes the same bytes to stdout."""
    postgrad("export", run_id, "--format", "onnx", "-o", "model.onnx")
    command = [sys.executable, "-m", "service", "export", run_id, "--format", "onnx", "-o", "-", "--url", url]
    assert subprocess.check_output(command, cwd=ROOT) == (tmp_path / "model.onnx").read_bytes()


def test_nothing_is_overwritten_silently(postgrad: Run, run_id: str, tmp_path: Path) -> None:
    """A file that is there stays as it is, unless --force says otherwise."""
    (tmp_path / "mine.npz").write_text("mine")
    refused = postgrad("export", run_id, "-o", "mine.npz")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "error: mine.npz is there already\nhint: overwrite it with --force, or name another file with -o\n"
    assert (tmp_path / "mine.npz").read_text() == "mine"
    assert postgrad("export", run_id, "-o", "mine.npz", "--force").returncode == 0
    assert (tmp_path / "mine.npz").read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("run_0",), 5, "there is no run 'run_0'"),
        (("--checkpoint", "newest"), 5, "there is no checkpoint 'newest'"),
        (("--format", "pickle"), 2, "format is 'pickle', must be 'npz', 'safetensors' or 'onnx'"),
        (("-o", "absent/model.npz"), 2, "cannot write absent/model.npz: No such file or directory"),
    ],
)
def test_mistakes_are_named(postgrad: Run, run_id: str, tmp_path: Path, args: tuple[str, ...], code: int, says: str) -> None:
    """Nothing is written, and the error says why."""
    wrong = postgrad("export", *(args if args[0] == "run_0" else (run_id, *args)))
    assert (wrong.returncode, wrong.stdout) == (code, "")
    assert says in wrong.stderr
    assert list(tmp_path.iterdir()) == []
