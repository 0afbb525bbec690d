"""postgrad demo: from nothing to checked figures, and back to nothing."""

import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.cli.demo_chance import Chance
from service.cli.demo_checks import first_loss, published
from service.cli.demo_plan import Plan, Result
from service.cli.demo_report import curve
from tests.live import ROOT

DEMO = [sys.executable, "-m", "service", "demo"]


def _environment(temporary: Path) -> dict[str, str]:
    """Set what the demo must not heed, the settings of another server, and where its own data lies."""
    return {
        **os.environ,
        "TMPDIR": str(temporary),
        "POSTGRAD_DATABASE_URL": "sqlite:////nowhere",
        "POSTGRAD_WORKERS": "nonsense",
    }


def test_the_demo_reproduces_the_course(tmp_path: Path) -> None:
    """It exits with 0, shows every figure of the course beside ours, and leaves nothing behind."""
    done = subprocess.run(DEMO, cwd=ROOT, env=_environment(tmp_path), capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for what, ours, theirs in [
        ("softmax +training accuracy", "0.49", "0.49"),
        ("softmax +loss", r"0\.78\d\d", "0.786"),
        ("two-layer net +training accuracy", r"0\.9[789]", "0.98"),
        ("two-layer net +loss", r"0\.24\d\d", "0.245"),
        ("softmax +loss before training", r"1\.\d{4}", "1.0986 +ln 3 ± 0.00"),
        ("two-layer net +loss before training", r"1\.\d{4}", "1.0986 +ln 3 ± 0.000"),
        ("SVM +loss before training", r"\d\.\d{4}", "2.0000 +two margins of 1 ± 0.02"),
        ("softmax +predicted right", "0.4933", "0.4933 +reported; 148 of 300"),
        ("two-layer net +predicted right", r"0\.9\d\d\d", r"0\.9\d+"),
        ("character RNN +loss before training", r"4\.\d{4}", r"4\.5\d+ +ln 9\d \+ 0\.03\d\d ± 0\.[01]\d+"),
        ("character RNN +real words in what it writes", r"0\.\d\d", r"0\.50 +or more"),
        ("net on irises +held-out accuracy", r"\d\.\d\d", "0.90"),
    ]:
        assert re.search(f"✓ +{what} +{ours} +{theirs}", done.stdout), (what, done.stdout)
    assert "All 12 checks hold" in done.stdout
    assert "curl -s $POSTGRAD/v1/runs/$RUN/loss-history" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.needs("curl")
def test_the_curl_lines_work(tmp_path: Path) -> None:
    """With --keep the server stays, the printed lines work as they are, and Ctrl-C removes everything."""
    with subprocess.Popen([*DEMO, "--keep"], cwd=ROOT, env=_environment(tmp_path), stdout=-1, stderr=-1, text=True) as demo:
        assert demo.stdout is not None
        lines: list[str] = []
        while "Ctrl-C ends it" not in (line := demo.stdout.readline()):
            assert line, "the demo ended"
            lines.append(line)
        url = next(word for word in line.split() if word.startswith("http")).rstrip(",")
        start = next(i for i, text in enumerate(lines) if text.startswith("  POSTGRAD="))
        script = "".join(lines[start : lines.index("\n", start)]).replace("curl -s", "curl -sS --fail-with-body")
        ran = subprocess.run(["sh", "-ec", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        for kind in ("run", "loss_history", "prediction", "dataset"):
            assert f'"object":"{kind}"' in ran.stdout
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 0
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """However it is interrupted, the server is ended and its data removed."""
    with subprocess.Popen(DEMO, cwd=ROOT, env=_environment(tmp_path), stdout=-1, stderr=-1, text=True) as demo:
        assert demo.stdout is not None
        first = demo.stdout.readline()
        demo.send_signal(number)
        assert demo.wait(timeout=60) == 130
    url = next(word for word in first.split() if word.startswith("http")).rstrip(",")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def _result(accuracy: float | None, loss: float | None, first: float | None) -> Result:
    metrics: dict[str, Any] = {"train_accuracy": {"last": accuracy}, "loss": {"last": loss}}
    return Result(
        Plan("softmax", "spiral", {}), {"metrics": metrics}, {"series": {"loss": [first, loss], "data_loss": [first, loss]}}
    )


@pytest.mark.parametrize(
    ("accuracy", "loss", "first", "holds"),
    [
        (0.4933, 0.7863, 1.0998, [True, True, True]),
        (0.4967, 0.7863, 1.0998, [False, True, True]),
        (0.4933, 0.7999, 1.0998, [True, False, True]),
        (0.4933, 0.7863, 1.1100, [True, True, False]),
        (None, None, None, [False, False, False]),
    ],
)
def test_a_wrong_figure_is_caught(accuracy: float | None, loss: float | None, first: float | None, holds: list[bool]) -> None:
    """The checker is itself checked: an accuracy off by a hundredth or a loss off by two hundredths fails."""
    result = _result(accuracy, loss, first)
    checks = [*published("softmax", result), first_loss(result, Chance(math.log(3), 0.0, 0.002), "ln 3")]
    assert [check.holds for check in checks] == holds


def test_a_curve_is_drawn_from_high_to_low() -> None:
    """The highest value is a full bar, the lowest the smallest; what is unknown or constant draws too."""
    assert curve([4.0, 2.0, 1.0]) == "█▃▁"
    assert curve([1.0, None, 1.0]) == "▁▁"
    assert curve([None]) == ""
    assert len(curve([float(i) for i in range(1000)])) == 14
