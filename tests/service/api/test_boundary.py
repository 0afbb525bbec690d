"""/v1/runs/{id}/decision-boundary and boundary.svg: what a model of two features answers everywhere."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tests.live import ROOT
from tests.service.api.conftest import Api, Json

MODELS: dict[str, dict[str, Any]] = {
    "softmax": {"model": {"kind": "softmax"}},
    "svm": {"model": {"kind": "svm"}},
    "mlp": {
        "model": {"kind": "mlp", "hidden_sizes": [20]},
        "training": {"steps": 200, "standardize": True, "validation_fraction": 0.2, "checkpoint_every": 50},
    },
}
HOSTILE = "<script>alert('x')</script>"
TABLE = "x,y,label\n" + "".join(f"{1e6 + i % 7},{i * 1e-9},{[HOSTILE, 'a & b', '고양이'][i % 3]}\n" for i in range(60))


@pytest.fixture(scope="module", params=MODELS)
def run(api: Api, request: pytest.FixtureRequest) -> Json:
    """Train each kind of model on the spiral."""
    fields = {"training": {"steps": 100}, **MODELS[request.param]}
    kind = fields.pop("model")
    body = {"dataset": {"kind": "spiral"}, "model": kind, **fields}
    return api.wait(api.post("/v1/runs", json=body).json()["id"], "succeeded")


@pytest.fixture(scope="module")
def table(api: Api) -> str:
    """Upload a table whose second feature is tiny, and whose classes have names to break a picture with."""
    return str(api.post("/v1/datasets/upload", files={"file": ("t.csv", TABLE)}, data={"label": "label"}).json()["id"])


def grid(api: Api, run: Json, **query: Any) -> Json:
    """Ask for the boundary; the answer is 200."""
    answer = api.get(f"/v1/runs/{run['id']}/decision-boundary", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_says_what_predict_says(api: Api, run: Json) -> None:
    """At every point of the grid stand the class and the probability that predict gives for it."""
    found = grid(api, run, resolution=12)
    rows = [[x, y] for y in found["y"] for x in found["x"]]
    answer = api.post(f"/v1/runs/{run['id']}/predict", json={"inputs": rows}).json()
    flat = [k for row in found["predicted"] for k in row]
    assert [found["classes"][k] for k in flat] == answer["labels"]
    assert (found["checkpoint"], found["step"], found["features"]) == (answer["checkpoint"], answer["step"], ["x1", "x2"])
    if run["model"]["kind"] == "svm":
        assert found["probability"] is answer["probabilities"] is None
    else:
        winning = [max(row) for row in answer["probabilities"]]
        np.testing.assert_allclose(np.ravel(found["probability"]), winning, atol=1e-6)


def test_covers_the_data_and_a_margin(api: Api, run: Json) -> None:
    """The grid spans the range of each feature, widened on both sides; it is as fine as was asked for."""
    data = api.post("/v1/datasets", json={"parameters": {"kind": "spiral"}}).json()["statistics"]
    for margin in (0.0, 0.1, 2.0):
        found = grid(api, run, resolution=7, margin=margin)
        assert np.shape(found["predicted"]) == (7, 7)
        for axis, feature in zip((found["x"], found["y"]), data, strict=True):
            wider = margin * (feature["max"] - feature["min"])
            np.testing.assert_allclose(axis, np.linspace(feature["min"] - wider, feature["max"] + wider, 7))
    assert np.shape(grid(api, run)["predicted"]) == (100, 100)


def test_at_any_checkpoint(api: Api, run: Json) -> None:
    """The untrained model, the best one, a step and an id can be asked for."""
    if run["model"]["kind"] != "mlp":
        assert grid(api, run, checkpoint="best")["step"] >= 0
        return
    assert grid(api, run, checkpoint="0")["predicted"] != grid(api, run)["predicted"]
    at = grid(api, run, checkpoint="50")
    assert (at["step"], grid(api, run, checkpoint=at["checkpoint"])) == (50, at)
    assert api.get(f"/v1/runs/{run['id']}/boundary.svg", params={"checkpoint": "49"}).status_code == 404


def test_the_picture(api: Api, run: Json) -> None:
    """Regions and examples of all classes are drawn, and which examples were held out."""
    answer = api.get(f"/v1/runs/{run['id']}/boundary.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    kinds = [path.attrib["class"] for path in ET.fromstring(answer.content).iter("{http://www.w3.org/2000/svg}path")]  # noqa: S314
    assert {"area0", "area1", "area2", "dot0", "dot1", "dot2"} <= set(kinds)
    held_out = run["training"]["validation_fraction"] > 0
    assert ("ring0" in kinds) == ("hollow: held out" in answer.text) == held_out


def test_regions_fill_the_frame(api: Api, run: Json) -> None:
    """The rectangles of the regions together are the square of the axes."""
    text = api.get(f"/v1/runs/{run['id']}/boundary.svg", params={"resolution": 30}).text
    cells = re.findall(r"M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H[\d.]+z", text)
    areas = [(float(right) - float(left)) * (float(bottom) - float(top)) for left, top, right, bottom in cells]
    assert min(areas) > 0
    assert sum(areas) == pytest.approx(420 * 420, rel=1e-6)


def test_names_stay_text(api: Api, table: str) -> None:
    """Names of classes and runs are text in a picture, whatever they hold; values far from 0 and 1 can be drawn."""
    body = {"name": HOSTILE, "dataset": {"kind": "stored", "id": table}, "model": {"kind": "softmax"}}
    run = api.wait(api.post("/v1/runs", json={**body, "training": {"steps": 5, "standardize": True}}).json()["id"], "succeeded")
    for path in (f"/v1/runs/{run['id']}/boundary.svg", f"/v1/datasets/{table}/plot.svg", run["links"]["plot"]):
        answer = api.get(path)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        written = [element.text for element in ET.fromstring(answer.content).iter() if element.text]  # noqa: S314
        assert path.endswith("/boundary.svg") <= (HOSTILE in written)
    assert run["links"]["decision_boundary"]
    found = grid(api, run)
    assert set(found["classes"]) == {HOSTILE, "a & b", "고양이"}


def test_while_the_run_trains(api: Api) -> None:
    """A run that still trains has a boundary, of its last checkpoint."""
    run_id = api.create(training={"steps": 10**9})
    api.wait(run_id, "running")
    assert np.shape(grid(api, {"id": run_id}, resolution=5)["predicted"]) == (5, 5)
    assert api.get(f"/v1/runs/{run_id}/boundary.svg").status_code == 200
    api.post(f"/v1/runs/{run_id}/cancel")
    api.wait(run_id, "cancelled")


def test_brings_the_examples_if_asked_to(api: Api, run: Json) -> None:
    """Each example as it came, with its class and whether it was held out; without being asked for, none."""
    assert grid(api, run, resolution=2)["examples"] is None
    found = grid(api, run, resolution=2, examples=True)["examples"]
    assert len(found["x"]) == len(found["y"]) == found["total"] == run["data"]["examples"] == 300
    assert [found["label"].count(k) for k in range(3)] == [100, 100, 100]
    assert sum(found["held_out"]) == 300 * run["training"]["validation_fraction"]
    rows = list(zip(found["x"], found["y"], strict=True))
    accuracy = api.post(f"/v1/runs/{run['id']}/evaluate", json={}).json()["accuracy"]
    labels = api.post(f"/v1/runs/{run['id']}/predict", json={"inputs": rows}).json()["labels"]
    right = sum(told == k for told, k in zip(labels, found["label"], strict=True))
    assert right / 300 == pytest.approx(accuracy)


def test_brings_some_of_many_examples(api: Api) -> None:
    """Of more than 2,000 examples so many come, of every class."""
    body = {"dataset": {"kind": "moons", "points_per_class": 1500}, "model": {"kind": "softmax"}, "training": {"steps": 1}}
    many = api.wait(api.post("/v1/runs", json=body).json()["id"], "succeeded")
    found = grid(api, many, resolution=2, examples=True)["examples"]
    assert (len(found["x"]), found["total"]) == (2000, 3000)
    assert 900 < sum(found["label"]) < 1100


@pytest.mark.parametrize("path", ["decision-boundary", "boundary.svg"])
class TestRefusals:
    """What has no boundary to show."""

    def test_other_numbers_of_features(self, api: Api, path: str) -> None:
        """A model of four features is named with what is possible: 409. It has no link either."""
        files = {"file": ("iris.csv", (ROOT / "examples/iris.csv").read_bytes())}
        dataset = api.post("/v1/datasets/upload", files=files, data={"label": "species"}).json()["id"]
        run = api.ended(dataset={"kind": "stored", "id": dataset}, training={"steps": 5})
        answer = api.get(f"/v1/runs/{run['id']}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert answer.json()["detail"].endswith("has 4 features, a decision boundary can be shown for 2")
        assert "decision_boundary" not in run["links"]

    def test_text(self, api: Api, path: str) -> None:
        """A char_rnn classifies nothing: 409."""
        run = api.ended("char_rnn", dataset={"kind": "text", "text": "hello " * 30}, training={"steps": 2})
        answer = api.get(f"/v1/runs/{run['id']}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "char_rnn" in answer.json()["detail"]

    def test_before_the_first_checkpoint(self, idle: Api, path: str) -> None:
        """A run that waits has learned nothing yet: 409; one that is not there: 404."""
        assert idle.get(f"/v1/runs/{idle.create()}/{path}").json()["detail"].endswith("is queued and has no checkpoint yet")
        assert idle.get(f"/v1/runs/run_0/{path}").status_code == 404

    @pytest.mark.parametrize(
        ("field", "given"),
        [
            *(("resolution", given) for given in ("0", "1", "-3", "301", "1e9", "x", "2.5", "")),
            *(("margin", given) for given in ("-0.1", "11", "1e400", "NaN", "-inf", "x", "")),
        ],
    )
    def test_hostile_queries(self, idle: Api, path: str, field: str, given: str) -> None:
        """A grid that cannot be had is refused by name."""
        answer = idle.get(f"/v1/runs/{idle.create()}/{path}", params={field: given})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#/query/{field}")


class TestDatasets:
    """GET /v1/datasets/{id}/plot.svg."""

    def test_every_class_is_drawn(self, idle: Api) -> None:
        """Each class has its dots and its name; the picture is the same each time."""
        dataset = idle.post("/v1/datasets", json={"parameters": {"kind": "blobs", "classes": 8}}).json()
        answer = idle.get(dataset["links"]["plot"])
        assert answer.headers["content-type"] == "image/svg+xml"
        assert len(re.findall(r'class="dot\d" d="M[^"]{100,}"', answer.text)) == 8
        assert idle.get(dataset["links"]["plot"]).content == answer.content

    def test_axes_can_be_chosen(self, idle: Api) -> None:
        """Of more than two features, two are chosen by name; a name that is not there is refused."""
        files = {"file": ("f.csv", "a,b,c,label\n1,2,3,0\n2,5,9,1\n")}
        link = idle.post("/v1/datasets/upload", files=files).json()["links"]["plot"]
        for query, names in (({}, "ab"), ({"y": "c"}, "ac"), ({"x": "c", "y": "b"}, "cb"), ({"x": "c"}, "ca")):
            text = idle.get(link, params=query).text
            assert re.findall(r">([abc])</text>", text) == list(names)
        refused = idle.get(link, params={"x": "d"})
        assert (refused.status_code, refused.json()["detail"]) == (422, "x is 'd', the dataset has 'a', 'b', 'c'")

    @pytest.mark.parametrize(
        "rows",
        [
            "x,label\n1,a\n2,b\n3,a\n",
            "x,label\n5,a\n5,b\n",
            "x,y,label\n1e100,-1e100,a\n-1e100,1e100,b\n",
            "x,y,label\n1e-320,1,a\n0,1,b\n",
            "x,y,label\n1e16,1,a\n10000000000000002,1,b\n",
            "x,y,label\n" + "".join(f"{i},{i % 9},c{i}\n" for i in range(100)),
            "x,y,label\n0,0,\ufdd0\n1,1,\ufffe\n",
        ],
        ids=["one feature", "one value", "huge", "tiny", "close", "many classes", "no XML"],
    )
    def test_any_table_can_be_drawn(self, idle: Api, rows: str) -> None:
        """However the values lie and the classes are called, the picture is well-formed and its numbers are numbers."""
        link = idle.post("/v1/datasets/upload", files={"file": ("t.csv", rows)}).json()["links"]["plot"]
        answer = idle.get(link)
        assert answer.status_code == 200
        ET.fromstring(answer.content)  # noqa: S314
        assert not re.search(r'd="[^"]*(nan|inf)', answer.text)

    def test_a_text_has_none(self, idle: Api) -> None:
        """A text is no table: 409, and no link; a dataset that is not there: 404."""
        dataset = idle.post("/v1/datasets", json={"parameters": {"kind": "text", "text": "hello"}}).json()
        answer = idle.get(f"/v1/datasets/{dataset['id']}/plot.svg")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "plot" not in dataset["links"]
        assert idle.get("/v1/datasets/ds_0/plot.svg").status_code == 404
