"""Texts that do harm elsewhere: in every place that takes text they are refused, with the place named, or kept as they are."""

import json
import threading
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.service.api.conftest import SPIRAL, Api

Json = Any
RUN: dict[str, Any] = {"dataset": SPIRAL, "model": {"kind": "softmax"}}
JSON = {"Content-Type": "application/json"}
NO_TEXT = {
    "NUL": "a\0b",
    "half a surrogate pair": "a\ud800b",
    "CR LF": "a\r\nX-Injected: b",
    "escape": "\x1b[31ma",
    "DEL": "a\x7f",
    "C1": "a\x9b31m",
}
PLACES: dict[str, tuple[str, str, Json, str]] = {  # the place: method, path, body with a T for the text, pointer
    "name of a run": ("POST", "/v1/runs", {**RUN, "name": "T"}, "#/name"),
    "value of a tag": ("POST", "/v1/runs", {**RUN, "tags": {"a": "T"}}, "#/tags/a"),
    "key of a tag": ("POST", "/v1/runs", {**RUN, "tags": {"T": "a"}}, "#/tags"),
    "new name of a run": ("PATCH", "/v1/runs/run_0", {"name": "T"}, "#/name"),
    "new tag of a run": ("PATCH", "/v1/runs/run_0", {"tags": {"a": "T"}}, "#/tags/a"),
    "name of a longer run": ("POST", "/v1/runs/run_0/extend", {"steps": 9, "name": "T"}, "#/name"),
    "name of a branch": ("POST", "/v1/runs/run_0/fork", {"name": "T"}, "#/name"),
    "checkpoint of a branch": ("POST", "/v1/runs/run_0/fork", {"checkpoint": "T"}, "#/checkpoint"),
    "tag of a branch": ("POST", "/v1/runs/run_0/fork", {"tags": {"a": "T"}}, "#/tags/a"),
    "checkpoint to predict with": ("POST", "/v1/runs/run_0/predict", {"inputs": [[0]], "checkpoint": "T"}, "#/checkpoint"),
    "checkpoint to measure": ("POST", "/v1/runs/run_0/evaluate", {"checkpoint": "T"}, "#/checkpoint"),
    "checkpoint to write with": ("POST", "/v1/runs/run_0/generate", {"checkpoint": "T"}, "#/checkpoint"),
    "name of a dataset": ("POST", "/v1/datasets", {"name": "T", "parameters": SPIRAL}, "#/name"),
    "run of an alias": ("PUT", "/v1/models/m/aliases/a", {"run": "T"}, "#/run"),
    "checkpoint of an alias": ("PUT", "/v1/models/m/aliases/a", {"run": "run_0", "checkpoint": "T"}, "#/checkpoint"),
    "alias to predict with": ("POST", "/v1/models/m/predict", {"inputs": [[0]], "alias": "T"}, "#/alias"),
}
QUERIES = {  # what stands before the text, and the pointer
    "/v1/runs?filter=": "#/query/filter",
    "/v1/runs?order_by=": "#/query/order_by",
    "/v1/runs?tag=a:": "#/query/tag/0",
    "/v1/runs?dataset=": "#/query/dataset",
    "/v1/runs?after=": "#/query/after",
    "/v1/runs?created_after=": "#/query/created_after",
    "/v1/models?after=": "#/query/after",
    "/v1/runs/run_0/export?checkpoint=": "#/query/checkpoint",
    "/v1/runs/run_0/export?format=": "#/query/format",
    "/v1/runs/": "#/path/run_id",
    "/v1/datasets/": "#/path/dataset_id",
    "/v1/models/": "#/path/name",
}
MARKUP = ['<script>alert(1)</script>"&', "]]>", "</title><svg onload=alert(1)>", "&#60;b&#62;", "' onclick='x"]
FORMULA = "=cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", NO_TEXT.values(), ids=NO_TEXT.keys())
@pytest.mark.parametrize("place", PLACES)
def test_texts_in_bodies(idle: Api, place: str, text: str) -> None:
    """422, and the place is named."""
    method, path, body, pointer = PLACES[place]
    sent = json.dumps(body).replace('"T"', json.dumps(text))
    answer = idle.request(method, path, content=sent, headers=JSON)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("text", ["a%00b", "a%0d%0aX-Injected:%20b", "%7f"])
@pytest.mark.parametrize("before", QUERIES)
def test_texts_in_queries_and_paths(idle: Api, before: str, text: str) -> None:
    """422, and the parameter is named; nothing of it becomes a header."""
    answer = idle.get(before + text)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [QUERIES[before]]
    assert "x-injected" not in answer.headers


@pytest.mark.parametrize(
    ("header", "value", "pointer"),
    [
        ("Idempotency-Key", "schlüssel".encode("latin-1"), "#/header/idempotency-key"),
        ("Idempotency-Key", b"\xff\xfe", "#/header/idempotency-key"),
        ("Idempotency-Key", b"k" * 256, "#/header/idempotency-key"),
        ("Idempotency-Key", b"a\tb", "#/header/idempotency-key"),
    ],
)
def test_texts_in_headers(idle: Api, header: str, value: bytes, pointer: str) -> None:
    """422, and the header is named."""
    answer = idle.post("/v1/runs", json=RUN, headers=[(header.encode(), value)])
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/run_0/export?format=onnx&checkpoint=1", "/v1/datasets"])
def test_a_parameter_that_is_not_utf_8(idle: Api, path: str) -> None:
    """Bytes that are no UTF-8 become replacement characters, which no parameter takes for something else."""
    assert idle.get(f"{path}{'&' if '?' in path else '?'}%ff%fe=1").status_code == 422


def test_the_last_of_equal_keys_counts(idle: Api) -> None:
    """A JSON object that has a key twice means the last one, everywhere; what is stored is what was checked."""
    sent = (
        '{"name": "first", "name": "second", "dataset": {"kind": "no"}, "dataset": {"kind": "xor"}, "model": {"kind": "svm"}}'
    )
    answer = idle.post("/v1/runs", content=sent, headers=JSON)
    assert answer.status_code == 202
    assert (answer.json()["name"], answer.json()["dataset"]["kind"]) == ("second", "xor")
    refused = idle.post("/v1/runs", content=sent.replace('"xor"', '"no"'), headers=JSON)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/dataset/kind"]


@pytest.mark.parametrize("depth", [10_000, 100_000])
@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/run_0/fork", "/v1/runs/run_0/predict", "/v1/datasets"])
def test_deep_json(idle: Api, path: str, depth: int) -> None:
    """JSON of 10,000 levels is 400 and says so."""
    answer = idle.post(path, content='{"overrides":' + "[" * depth + "]" * depth + "}", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == ((413, "too_large") if depth > 99_000 else (400, "malformed"))


def test_minus_zero(idle: Api) -> None:
    """-0 is 0: enough for what must be at least 0, not for what must be greater."""
    sent = {**RUN, "model": {"kind": "softmax", "reg": -0.0}, "training": {"seed": -0}}
    assert idle.post("/v1/runs/validate", json=sent).status_code == 200
    sent["optimizer"] = {"kind": "sgd", "learning_rate": -0.0}
    answer = idle.post("/v1/runs/validate", json=sent)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/optimizer/learning_rate"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\0.csv", 'x"; filename="y', "a\r\nX: y"]
)
def test_names_of_files_are_only_names(idle: Api, tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """What a client calls its file names no file here: it becomes the name of the dataset, without control characters."""
    directory = Path(idle.app.state.parts.settings.data_dir)
    before = {path.name for path in directory.rglob("*")}
    content = f"a,label\n{zlib.crc32(name.encode())},x\n2,y\n".encode()
    boundary = b"--b\r\n"
    head = b'Content-Disposition: form-data; name="file"; filename="' + quote(name, safe="./\\").encode() + b'"\r\n\r\n'
    answer = idle.post(
        "/v1/datasets/upload",
        content=boundary + head + content + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 201
    assert answer.json()["name"].isprintable()
    assert {path.name for path in directory.rglob("*")} - before <= {"postgrad.sqlite3-wal", "postgrad.sqlite3-shm"}
    assert not list(tmp_path_factory.getbasetemp().parent.glob("passwd"))


class TestExports:
    """Names in pictures, tables and headers."""

    @pytest.mark.parametrize("name", MARKUP)
    def test_a_picture_has_no_markup_of_names(self, idle: Api, name: str) -> None:
        """A name in a picture is text: the picture stays XML without script, handler or element of its own."""
        run = idle.post("/v1/runs", json={**RUN, "name": name}).json()["id"]
        answer = idle.get(f"/v1/runs/{run}/plot.svg")
        assert answer.status_code == 200
        tree = ET.fromstring(answer.content)  # noqa: S314 (our own answer)
        assert not [element for element in tree.iter() if element.tag.endswith("script") or "onload" in element.attrib]
        assert name in "".join(tree.itertext())
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("name", [*MARKUP, 'a"; filename="evil.exe', "naïve ☃", FORMULA])
    def test_a_file_is_named_after_the_id(self, api: Api, name: str) -> None:
        """Content-Disposition carries the id of the run, so nothing of a name gets into a header or on a disk."""
        run = api.ended(name=name, training={"steps": 2})["id"]
        answer = api.get(f"/v1/runs/{run}/export")
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{run}')
        assert name not in answer.headers["Content-Disposition"]

    def test_a_table_has_no_text_of_clients(self, api: Api) -> None:
        """A CSV holds numbers under names of series: no cell of it is a formula for a spreadsheet."""
        run = api.ended(name=FORMULA, tags={FORMULA: FORMULA}, training={"steps": 3})["id"]
        for kind in ("loss-history", "metrics"):
            text = api.get(f"/v1/runs/{run}/{kind}.csv").text
            cells = [cell for line in text.splitlines() for cell in line.split(",")]
            assert len(cells) > 5
            assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t")]


def test_ten_clients_with_all_of_it(idle: Api) -> None:
    """Ten clients that send the whole corpus at once get 4xx alone, and the server answers an eleventh."""
    statuses: list[int] = []

    def client() -> None:
        with httpx.Client(base_url=idle.base_url, timeout=30) as http:
            for method, path, body, _ in PLACES.values():
                for text in NO_TEXT.values():
                    sent = json.dumps(body).replace('"T"', json.dumps(text))
                    statuses.append(http.request(method, path, content=sent, headers=JSON).status_code)

    clients = [threading.Thread(target=client) for _ in range(10)]
    for thread in clients:
        thread.start()
    while any(thread.is_alive() for thread in clients):
        assert idle.get("/healthz").status_code == 200
    assert statuses == [422] * (10 * len(PLACES) * len(NO_TEXT))
