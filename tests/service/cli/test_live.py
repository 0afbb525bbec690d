"""`--follow` and `runs watch` on a real pseudo-terminal."""

import io
import json
import re
import time
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from service.cli.live import Picture, duration
from service.client import Client
from tests.live import live_server
from tests.service.cli.terminal import Terminal, lines_of

LONG = ("train", "--dataset", "spiral", "--model", "mlp", "--steps", "100000000", "--log-every", "1000", "--follow")
SHORT = ("train", "--dataset", "spiral", "--model", "mlp", "--steps", "4000", "--follow")
BRAILLE = re.compile("[\u2801-\u28ff]")
COLOURS = re.compile(r"\x1b\[(?:\d+;)*3\d")


def drawn(shown: str) -> bool:
    """Whether a curve, a rate and the time that is left have been shown."""
    return bool(BRAILLE.search(shown)) and "/s" in shown and " left" in shown


def narrow_lines(shown: str) -> list[str]:
    """Return the whole lines that fit into 40 columns."""
    return [line for line in lines_of(shown)[1:-1] if cell_len(line) <= 40]


def test_a_run_is_drawn_until_it_ends(url: str) -> None:
    """Bar, measures and curve are on the terminal, the result is the only line of the output, and the cursor comes back."""
    with Terminal(*SHORT, POSTGRAD_URL=url) as terminal:
        code, output, shown = terminal.ends()
    assert code == 0
    assert re.fullmatch(r"run_\w+ succeeded, step 4,000 of 4,000, loss [\d.]+, accuracy [\d.]+, [\d.]+ s\n", output)
    for part in ("4,000/4,000", "100 %", "accuracy 0.", "━", "│"):
        assert part in shown
    assert BRAILLE.search(shown)
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1


def test_ctrl_c_detaches(url: str) -> None:
    """^C on the terminal ends the command with 130 and says how to come back; the run goes on, and can be watched again."""
    with Client(url) as client:
        with Terminal(*LONG, POSTGRAD_URL=url) as terminal:
            terminal.until(drawn)
            terminal.type(b"\x03")
            code, output, shown = terminal.ends()
        assert (code, output) == (130, "")
        told = " ".join(lines_of(shown[shown.index("detached") :]))
        says = r"detached, the run goes on; watch it: postgrad runs watch (run_\w+), stop it: postgrad runs cancel run_"
        found = re.search(says, told)
        assert found
        assert shown.endswith("\x1b[0m\r\n") or "\x1b[?25h" in shown
        before = client.runs.get(found[1])
        assert before["status"] == "running"
        with Terminal("runs", "watch", found[1], POSTGRAD_URL=url) as terminal:
            terminal.until(drawn)
            client.runs.cancel(found[1])
            code, output, _ = terminal.ends()
        assert (code, output.startswith(f"{found[1]} cancelled, step ")) == (6, True)
        assert client.runs.get(found[1])["progress"]["step"] > before["progress"]["step"]


def test_a_resized_window_is_filled_and_no_more(url: str) -> None:
    """From the next picture on, no line is wider than the window, and the picture no higher."""
    with Client(url) as client:
        run_id = client.runs.create(dataset="spiral", model="mlp", training={"steps": 10**8, "log_every": 1000})["id"]
        with Terminal("runs", "watch", run_id, POSTGRAD_URL=url) as terminal:
            wide = terminal.until(drawn)
            assert 50 < max(map(cell_len, lines_of(wide))) <= 90
            terminal.resize(40, 9)
            terminal.until(lambda shown: any(run_id in line for line in narrow_lines(shown)))  # what was on its way before
            narrow = terminal.until(lambda shown: len(shown) > 3000)
            assert 20 < max(map(cell_len, lines_of(narrow)[1:-1])) <= 40
            assert narrow.count("\x1b[1A") <= 7 * narrow.count(run_id[:20])
            client.runs.cancel(run_id)
            assert terminal.ends()[0] == 6


def test_no_colours_if_they_are_not_wanted(url: str) -> None:
    """NO_COLOR takes the colours and leaves the picture; a terminal that can do nothing gets lines."""
    with Terminal(*SHORT, POSTGRAD_URL=url) as terminal:
        assert COLOURS.search(terminal.ends()[2])
    with Terminal(*SHORT, POSTGRAD_URL=url, NO_COLOR="1") as terminal:
        shown = terminal.ends()[2]
        assert not COLOURS.search(shown)
        assert BRAILLE.search(shown)
    with Terminal(*SHORT, POSTGRAD_URL=url, TERM="dumb", all_of_it=True) as terminal:
        code, _, shown = terminal.ends()
        assert (code, "\x1b" in shown, " succeeded, step 4,000" in shown) == (0, False, True)


def test_a_terminal_without_utf8_gets_ascii(url: str) -> None:
    """Bar and curve are drawn with what it has."""
    with Terminal(*SHORT, POSTGRAD_URL=url, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C") as terminal:
        code, _, shown = terminal.ends()
    assert (code, shown.isascii()) == (0, True)
    assert "|*" in shown


def test_json_is_not_drawn(url: str) -> None:
    """With --json, a terminal for the errors changes nothing: nothing is there."""
    with Terminal(*SHORT, "--json", POSTGRAD_URL=url) as terminal:
        code, output, shown = terminal.ends()
    assert (code, shown, json.loads(output.splitlines()[-1])["type"]) == (0, "", "end")


def test_the_picture_outlives_the_server(tmp_path: Path) -> None:
    """A server that is started again is followed on to the end of the run."""
    data = tmp_path / "data"
    with live_server(data) as (url, process):
        terminal = Terminal("train", "--dataset", "spiral", "--model", "mlp", "--steps", "60000", "--follow", POSTGRAD_URL=url)
        with terminal:
            terminal.until(drawn)
            process.terminate()
            process.wait(timeout=60)
            with live_server(data, POSTGRAD_PORT=url.rpartition(":")[2]):
                code, output, _ = terminal.ends(60)
    assert (code, " succeeded, step 60,000 of 60,000" in output) == (0, True)


def test_silence_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running run of which nothing is heard, as while the server is away, says so; one that waits or has ended does not."""
    with Client(url) as client:
        run = client.runs.create(dataset="spiral", model="softmax", training={"steps": 10})
        ended = client.runs.wait(run["id"], timeout=60)
    picture, terminal = Picture(), Console(file=io.StringIO(), width=100)
    now = time.monotonic()
    for status, silence, told in (
        ("running", 4, False),
        ("running", 70, True),
        ("queued", 70, False),
        ("succeeded", 70, False),
    ):
        monkeypatch.setattr("service.cli.live.time.monotonic", lambda: now)
        picture.show({**ended, "status": status}, None)
        monkeypatch.setattr("service.cli.live.time.monotonic", lambda silence=silence: now + silence)
        with terminal.capture() as shown:
            terminal.print(picture)
        assert ("no news for 1 min 10 s" in shown.get()) == told


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_times_are_told_in_their_units(seconds: float, told: str) -> None:
    """Seconds, minutes or hours."""
    assert duration(seconds) == told
