"""/v1/runs/{id}/loss-history and /metrics: fewer points, other formats, entity tags."""

import csv
import json
import math
import re
from io import StringIO
from xml.etree import ElementTree as ET

import pytest

from core.types import Point
from service.domain import LOSS_SERIES, Run
from service.runs import summary
from service.runs.control import find
from service.store import events, lifecycle, metrics
from service.store.unit import Transaction
from tests.service.api.conftest import Api, Json, strict_json

INF, NAN = float("inf"), float("nan")
ODD = {700: {"loss": NAN, "grad_norm": INF}, 701: {"loss": INF}, 1500: {"loss": -INF}}
ENDLESS = {"steps": 10**8, "log_every": 1}
TYPES = {"json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson", "svg": "image/svg+xml"}


def give(api: Api, run_id: str, points: list[Point]) -> None:
    """Store points as a worker does: rows, summary, event."""

    def work(db: Transaction) -> None:
        run: Run = find(db, run_id)
        short = dict(run.metrics)
        for point in points:
            summary.add(short, point)
        if run.status == "queued":
            lifecycle.claim(db, 1000)
            run = find(db, run_id)
        step = points[-1].step
        lifecycle.progress(
            db, run_id, run.attempt, step=step, steps_per_second=None, training_seconds=0, metrics=short, best_step=None
        )
        metrics.append(db, run_id, points)
        events.append(db, run_id, [("metrics", {"from_step": points[0].step, "to_step": step})])

    api.app.state.parts.database.write(work)


def value(step: int) -> float:
    """Return a loss with a spike, up and down."""
    return {1234: 99.0, 1777: 0.001}.get(step, 1 + math.sin(step / 50) / 2)


@pytest.fixture(scope="module")
def long(idle: Api) -> str:
    """Make a run with 2001 points, some of them not finite; validation begins late."""
    run_id = idle.create(name="<script>alert('1')</script> & \"names\"")
    points = []
    for step in range(2001):
        loss = value(step)
        late = {"val_loss": 2.0 + step} if step >= 300 and step % 7 == 0 else {}
        shown = {"loss": loss, "data_loss": loss / 2, "reg_loss": loss / 2, "grad_norm": 1.0, **late}
        points.append(Point(step, {**shown, **ODD.get(step, {})}))
    give(idle, run_id, points)
    return run_id


class TestMaxPoints:
    """`max_points`."""

    @pytest.mark.parametrize("max_points", [2, 3, 17, 100, 1000, 2000])
    @pytest.mark.parametrize("kind", ["loss-history", "metrics"])
    def test_keeps_what_is_looked_for(self, idle: Api, long: str, kind: str, max_points: int) -> None:
        """Ends, extremes and what is not finite stay, each value at its step; the answer says that it is a choice."""
        whole = idle.get(f"/v1/runs/{long}/{kind}").json()
        part = idle.get(f"/v1/runs/{long}/{kind}", params={"max_points": max_points}).json()
        assert (whole["downsampled"], whole["total_points"], len(whole["steps"])) == (False, 2001, 2001)
        assert (part["downsampled"], part["total_points"]) == (True, 2001)
        assert part["nonfinite"] == whole["nonfinite"]
        assert set(part["series"]) == set(whole["series"])
        assert len(part["steps"]) <= max(max_points, 14)
        assert {0, 301, 700, 701, 1234, 1500, 1777, 1995, 2000} <= set(part["steps"])
        at = {step: i for i, step in enumerate(whole["steps"])}
        for name, values in part["series"].items():
            assert values == [whole["series"][name][at[step]] for step in part["steps"]]
            numbers = [v for v in whole["series"][name] if v is not None]
            assert {min(numbers), max(numbers), numbers[0], numbers[-1]} <= set(values)

    def test_whole_if_there_is_room(self, idle: Api, long: str) -> None:
        """With room for all points, all are there."""
        whole = idle.get(f"/v1/runs/{long}/metrics").json()
        assert idle.get(f"/v1/runs/{long}/metrics", params={"max_points": 2001}).json() == whole

    def test_of_a_part(self, idle: Api, long: str) -> None:
        """The choice is made between from_step and to_step."""
        query = {"from_step": 1000, "to_step": 1400, "max_points": 50}
        part = idle.get(f"/v1/runs/{long}/loss-history", params=query).json()
        assert (part["steps"][0], part["steps"][-1], part["total_points"]) == (1000, 1400, 2001)
        assert part["downsampled"]
        assert 1234 in part["steps"]
        assert 20 < len(part["steps"]) <= 50
        assert part["nonfinite"] == {}

    @pytest.mark.parametrize("given", ["0", "1", "-1", "1e400", "NaN", "", "1e3", "99999999999999999999", "null", "2.5"])
    def test_refuses_what_is_no_number_of_points(self, idle: Api, long: str, given: str) -> None:
        """Anything but a whole number from 2 is named and refused."""
        answer = idle.get(f"/v1/runs/{long}/metrics", params={"max_points": given})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/query/max_points"

    def test_nothing_between_steps_the_wrong_way_round(self, idle: Api, long: str) -> None:
        """From a later to an earlier step there is nothing, in every format."""
        query: dict[str, str | int] = {"from_step": 20, "to_step": 10, "max_points": 2}
        answers = {suffix: idle.get(f"/v1/runs/{long}/metrics.{suffix}", params=query) for suffix in TYPES}
        assert {answer.status_code for answer in answers.values()} == {200}
        assert (answers["json"].json()["steps"], answers["json"].json()["downsampled"]) == ([], False)
        assert (answers["csv"].text, answers["ndjson"].text) == ("step\n", "")
        assert "no points yet" in answers["svg"].text


SAME = ("content-type", "content-length", "etag")


class TestFormats:
    """CSV, NDJSON and pictures."""

    def test_accept_and_suffix_say_the_same(self, idle: Api, long: str) -> None:
        """A format comes by Accept or by the end of the address, with the same body and facts beside it."""
        for kind in ("loss-history", "metrics"):
            for suffix, media in TYPES.items():
                asked = idle.get(f"/v1/runs/{long}/{kind}?max_points=50", headers={"Accept": media})
                named = idle.get(f"/v1/runs/{long}/{kind}.{suffix}?max_points=50")
                assert asked.status_code == named.status_code == 200
                assert asked.content == named.content
                for answer in (asked, named):
                    assert answer.headers["content-type"].partition(";")[0] == media
                    assert (answer.headers["X-Total-Points"], answer.headers["X-Downsampled"]) == ("2001", "true")
                assert asked.headers["Vary"] == "Accept"
                told = idle.head(f"/v1/runs/{long}/{kind}?max_points=50", headers={"Accept": media})
                assert [told.headers[name] for name in SAME] == [asked.headers[name] for name in SAME]

    def test_csv(self, idle: Api, long: str) -> None:
        """A line for each step, empty where a series has no point, and every number as it is in JSON."""
        rows = list(csv.DictReader(StringIO(idle.get(f"/v1/runs/{long}/metrics.csv").text)))
        history = idle.get(f"/v1/runs/{long}/metrics").json()
        assert [int(row["step"]) for row in rows] == history["steps"]
        for name, values in history["series"].items():
            for row, number in zip(rows, values, strict=True):
                odd = ODD.get(int(row["step"]), {}).get(name)
                if odd is not None or number is None:
                    assert row[name] == ("" if odd is None else str(odd))
                else:
                    assert float(row[name]) == number

    def test_ndjson(self, idle: Api, long: str) -> None:
        """Each line is strict JSON of one step; what is not finite is null with its kind beside it."""
        lines = [strict_json(line) for line in idle.get(f"/v1/runs/{long}/metrics.ndjson").text.splitlines()]
        history = idle.get(f"/v1/runs/{long}/metrics").json()
        assert [line["step"] for line in lines] == history["steps"]
        for name, values in history["series"].items():
            assert [line[name] for line in lines] == values
        assert {line["step"]: line["nonfinite"] for line in lines if "nonfinite" in line} == {
            700: {"loss": "nan", "grad_norm": "inf"},
            701: {"loss": "inf"},
            1500: {"loss": "-inf"},
        }

    @pytest.mark.parametrize(
        ("accept", "media"),
        [
            ("*/*", "application/json"),
            ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
            ("TEXT/CSV", "text/csv"),
            ("text/*", "text/csv"),
            ("image/avif, image/*;q=0.5", "image/svg+xml"),
            ("application/*", "application/json"),
            ("application/json;q=0.1, text/csv;q=0.9", "text/csv"),
            ("application/json; q=0, application/*", "application/x-ndjson"),
            ("text/csv; header=present", "text/csv"),
            ("", "application/json"),
        ],
    )
    def test_what_a_client_likes_best(self, idle: Api, long: str, accept: str, media: str) -> None:
        """Of what Accept allows, the best liked comes; of equal ones JSON first."""
        answer = idle.get(f"/v1/runs/{long}/loss-history", headers={"Accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == media

    @pytest.mark.parametrize("accept", ["application/xml", "text/html", "*/*;q=0", "json", ",,;;", "a" * 5000])
    def test_not_acceptable(self, idle: Api, long: str, accept: str) -> None:
        """Where nothing is acceptable, the answer is 406 and names what there is."""
        for kind in ("loss-history", "metrics"):
            answer = idle.get(f"/v1/runs/{long}/{kind}", headers={"Accept": accept})
            assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
            assert all(media in answer.json()["detail"] for media in TYPES.values())
            assert answer.headers["Vary"] == "Accept"

    def test_no_other_suffix(self, idle: Api, long: str) -> None:
        """A suffix that is no format is refused, and the formats are named."""
        answer = idle.get(f"/v1/runs/{long}/metrics.xlsx")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/path/suffix")

    @pytest.mark.parametrize("path", ["plot.svg", "loss-history/plot.svg", "loss-history.svg", "metrics.svg"])
    @pytest.mark.parametrize("query", ["", "?log=true", "?max_points=2", "?from_step=5&to_step=5", "?from_step=9999"])
    def test_pictures(self, idle: Api, long: str, path: str, query: str) -> None:
        """A picture is well-formed, has no script and no link, and may do nothing when it is opened by itself."""
        answer = idle.get(f"/v1/runs/{long}/{path}{query}")
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        root = ET.fromstring(answer.content)  # noqa: S314 (of our own server)
        kinds = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()}
        assert kinds <= {"svg", "title", "style", "rect", "text", "path"}
        assert not re.search(r"href|url\(|\son\w+=|nan|inf", re.sub(r"<title>.*?</title>", "", answer.text))
        assert root.findtext("{*}title") == "<script>alert('1')</script> & \"names\""

    def test_marks_and_gaps(self, idle: Api, long: str) -> None:
        """What is not finite is a gap in the line, and a mark that says what it is."""
        text = idle.get(f"/v1/runs/{long}/plot.svg", params={"from_step": 690, "to_step": 710}).text
        assert "<title>loss is nan at step 700</title>" in text
        assert "<title>loss is inf at step 701</title>" in text
        line = re.search(r'class="line0" d="([^"]*)"', text)
        assert line is not None
        assert line[1].count("M") == 2

    def test_where_there_is_nothing(self, idle: Api) -> None:
        """A run that waits has an empty table and a picture that says so; one that is not there has none."""
        queued = idle.create()
        for kind in ("loss-history", "metrics"):
            assert idle.get(f"/v1/runs/{queued}/{kind}.csv").text == "step\n"
            assert "no points yet" in idle.get(f"/v1/runs/{queued}/{kind}.svg").text
            assert idle.get(f"/v1/runs/run_0/{kind}.csv").status_code == 404


class TestEntityTag:
    """ETag and If-None-Match."""

    def test_not_modified_until_there_is_more(self, idle: Api) -> None:
        """The tag stays while the run stays; a new point, an event or a new status is another tag."""
        run_id = idle.create()
        give(idle, run_id, [Point(0, {"loss": 1.0})])
        for path in ("loss-history", "metrics.csv", "plot.svg"):
            url = f"/v1/runs/{run_id}/{path}"
            tag = idle.get(url).headers["ETag"]
            assert re.fullmatch(r'"[0-9a-f]+"', tag)
            same = idle.get(url, headers={"If-None-Match": tag})
            assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
            for known in (f"W/{tag}", f'"x", {tag}', "*"):
                assert idle.get(url, headers={"If-None-Match": known}).status_code == 304
            for other in ('"x"', tag.strip('"'), ""):
                assert idle.get(url, headers={"If-None-Match": other}).status_code == 200
        url = f"/v1/runs/{run_id}/loss-history"
        old = idle.get(url).headers["ETag"]
        give(idle, run_id, [Point(1, {"loss": 0.5})])
        newer = idle.get(url, headers={"If-None-Match": old})
        assert (newer.status_code, newer.json()["steps"]) == (200, [0, 1])
        idle.post(f"/v1/runs/{run_id}/cancel")
        assert idle.get(url, headers={"If-None-Match": newer.headers["ETag"]}).status_code == 200

    def test_each_format_has_its_own(self, idle: Api, long: str) -> None:
        """The same curve in another format has another tag."""
        tags = {idle.get(f"/v1/runs/{long}/metrics.{suffix}").headers["ETag"] for suffix in TYPES}
        assert len(tags) == len(TYPES)

    def test_of_a_run_that_is_not_there(self, idle: Api) -> None:
        """A tag makes no run of nothing."""
        assert idle.get("/v1/runs/run_0/metrics", headers={"If-None-Match": "*"}).status_code == 404


def test_while_the_run_trains(api: Api) -> None:
    """Each answer is whole: every series as long as the steps, its tag a new one when the run has gone on."""
    run_id = api.create(training=ENDLESS)
    api.wait(run_id, "running")
    url, seen, tag = f"/v1/runs/{run_id}/metrics", 0, ""
    grown = 0
    while grown < 5:
        answer = api.get(url, params={"max_points": 200}, headers={"If-None-Match": tag})
        if answer.status_code == 304:
            continue
        history: Json = answer.json()
        assert answer.headers["ETag"] != tag
        assert all(len(values) == len(history["steps"]) for values in history["series"].values())
        assert set(history["series"]) & set(LOSS_SERIES)
        assert history["steps"][0] == 0
        assert history["total_points"] >= history["steps"][-1] + 1 >= seen
        grown += history["steps"][-1] > seen
        seen, tag = history["steps"][-1], answer.headers["ETag"]
        assert json.loads(api.get(f"{url}.ndjson", params={"from_step": seen}).text.splitlines()[0])["step"] == seen
    api.post(f"/v1/runs/{run_id}/cancel")
    api.wait(run_id, "cancelled")
