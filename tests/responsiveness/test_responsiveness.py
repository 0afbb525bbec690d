"""No client holds up another: the short form of `make responsive`, and what it relies on."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from service.api.openinference.protocol import ROUTES as OPEN_INFERENCE
from service.app import create_app
from service.settings import Settings
from tests.responsiveness.house import SHUTDOWN_SECONDS, House, house
from tests.responsiveness.measure import begin, measure, start
from tests.responsiveness.rows import ALL, Row
from tests.service.api.test_keys_matrix import declared

COSTLY = (
    "POST /v1/runs/validate",
    "POST /v1/runs/{run_id}/evaluate",
    "GET /v1/runs/{run_id}/metrics.{suffix}",
    "GET /v1/runs",
)
"""Routes that once held everybody up, and do no more."""
P50_SECONDS, P99_SECONDS, QUIET_SECONDS = 1.0, 5.0, 15.0
"""A server that one client holds up answered after 14 to 30 seconds; other tests on the same cores cost up to one.

The limits that it should keep on a machine of its own are those of `make responsive`.
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run a server with two owners."""
    with house(tmp_path_factory.mktemp("responsiveness")) as made:
        yield made


def test_every_route_has_a_row(tmp_path: Path) -> None:
    """A new route fails here until the table has its costliest request."""
    app = create_app(Settings(data_dir=tmp_path, database_url=None))
    found = set(declared(app.routes)) | {f"{route.method} {route.path}" for route in OPEN_INFERENCE}
    assert {row.route for row in ALL} == found


@pytest.mark.parametrize(
    "row", [row for row in ALL if row.route in COSTLY], ids=lambda row: f"{row.route} {row.body and row.body.__name__}"
)
def test_small_requests_are_answered_beside_costly_ones(home: House, row: Row) -> None:
    """Of four clients at once; the process has nothing to do when they have gone.

    What else runs on the same cores may hold up all for a moment, so one good measurement of three is enough: a server that
    is held up has none.
    """
    for _ in range(3):
        seen = measure(home, row, at_once=4, seconds=2)
        assert seen.failed == [], seen
        if seen.p50 <= P50_SECONDS and seen.p99 <= P99_SECONDS and seen.quiet_after <= QUIET_SECONDS:
            return
    pytest.fail(str(seen))


def test_sigterm_ends_a_server_that_works(tmp_path: Path) -> None:
    """Within the time for a good end and a second, whatever its threads do."""
    evaluate = next(row for row in ALL if row.route.endswith("/evaluate"))
    with house(tmp_path) as home:
        attack = start(home, evaluate, at_once=4, seconds=60)
        time.sleep(2)
        assert attack.poll() is None
        begun = time.monotonic()
        home.process.terminate()
        home.process.wait(60)
        assert time.monotonic() - begun <= SHUTDOWN_SECONDS + 1
        attack.kill()
        attack.communicate()


class _Frozen(BaseHTTPRequestHandler):
    """Answers the first requests at once, and one after a second."""

    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self) -> None:
        """Answer."""
        type(self).count += 1
        if type(self).count == 10:
            time.sleep(1)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_freeze_is_seen(tmp_path: Path) -> None:
    """One second of two in which nothing is answered is half of the requests, not one of them."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Frozen)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    request: dict[str, object] = {"method": "GET", "target": "/", "headers": {}, "body": None}
    found = House(address, process=None, folder=tmp_path)  # type: ignore[arg-type]  # the probe needs no process
    probe = begin("probe", found, requests={"one": request}, seconds=2)
    seconds = json.loads(probe.communicate(timeout=60)[0])["one"]["seconds"]
    server.shutdown()
    server.server_close()
    late = sum(one > 0.1 for one in seconds) / len(seconds)
    assert 0.3 <= late <= 0.7
    assert max(seconds) >= 0.9
