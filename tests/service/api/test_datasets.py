"""/v1/datasets: make, upload, look, delete."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.service.api.conftest import SPIRAL, Api, Json, serving

CSV = b"width,height,kind\n1.5,2,cat\n3,4.25,dog\n5,6,cat\n"


def upload(api: Api, content: bytes = CSV, filename: str = "animals.csv", **form: str) -> Any:
    """Upload a file."""
    return api.post("/v1/datasets/upload", files={"file": (filename, content)}, data=form)


def listed(api: Api) -> Json:
    """Return all datasets."""
    return api.get("/v1/datasets", params={"limit": 1000}).json()["data"]


class TestCreate:
    """POST /v1/datasets."""

    def test_makes_and_keeps_a_synthetic_dataset(self, idle: Api) -> None:
        """A dataset is made from its parameters, all defaults filled in: 201, where it is, and what it holds."""
        answer = idle.post("/v1/datasets", json={"name": "my spiral", "parameters": {"kind": "spiral", "noise": 0}})
        dataset = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == dataset["links"]["self"] == f"/v1/datasets/{dataset['id']}"
        assert dataset["id"].startswith("ds_")
        assert (dataset["object"], dataset["name"], dataset["kind"]) == ("dataset", "my spiral", "spiral")
        assert dataset["parameters"] == {"kind": "spiral", "points_per_class": 100, "classes": 3, "noise": 0, "seed": 0}
        assert (dataset["examples"], dataset["features"], dataset["classes"]) == (300, ["x1", "x2"], [0, 1, 2])
        assert dataset["class_counts"] == [100, 100, 100]
        assert [set(statistics) for statistics in dataset["statistics"]] == [{"mean", "std", "min", "max"}] * 2
        assert idle.get(answer.headers["Location"]).json() == dataset

    def test_identical_bytes_are_kept_once(self, idle: Api) -> None:
        """The same parameters again give the same dataset: 200, the same id, nothing new."""
        body = {"parameters": {"kind": "circles", "seed": 5}}
        first, again = idle.post("/v1/datasets", json=body), idle.post("/v1/datasets", json={**body, "name": "other"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        assert again.headers["Location"] == first.headers["Location"]
        assert [dataset["id"] for dataset in listed(idle)].count(first.json()["id"]) == 1

    @pytest.mark.parametrize(
        ("body", "pointer", "detail"),
        [
            ({}, "#/parameters", "parameters is missing"),
            ({"parameters": {}}, "#/parameters/kind", "parameters.kind is missing"),
            (
                {"parameters": {"kind": "stored", "id": "ds_1"}},
                "#/parameters/kind",
                "parameters.kind is 'stored', must be one of spiral, moons, circles, blobs, xor, text",
            ),
            (
                {"parameters": {"kind": "blobs", "classes": 1}},
                "#/parameters/classes",
                "parameters.classes is 1, must be at least 2",
            ),
            ({"parameters": SPIRAL, "name": ""}, "#/name", "name is '', must have at least 1 character"),
            ({"parameters": SPIRAL, "colour": 1}, "#/colour", "colour is not a known field, expected name, parameters"),
        ],
    )
    def test_bad_parameters(self, idle: Api, body: Json, pointer: str, detail: str) -> None:
        """What is wrong with the parameters is pointed at, and no dataset is made."""
        before = listed(idle)
        answer = idle.post("/v1/datasets", json=body)
        assert answer.status_code == 422
        assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["detail"]) == (pointer, detail)
        assert listed(idle) == before

    def test_too_large(self, tmp_path: Path) -> None:
        """A dataset that needs more memory than a run may have is refused before it is made: 413, with the setting."""
        with serving(tmp_path, workers=0, worker_memory_bytes=64 * 2**20) as api:
            body = {"parameters": {"kind": "blobs", "points_per_class": 10_000, "classes": 10, "features": 100}}
            answer = api.post("/v1/datasets", json=body)
            assert answer.status_code == 413
            assert "POSTGRAD_WORKER_MEMORY_BYTES" in answer.json()["detail"]


class TestLook:
    """GET /v1/datasets, /v1/datasets/{id} and its preview."""

    def test_list_pages_without_gap_or_repeat(self, tmp_path: Path) -> None:
        """Following the Link header walks through all datasets, the newest first; order=asc turns it around."""
        with serving(tmp_path, workers=0) as api:
            assert api.get("/v1/datasets").json()["data"] == []
            made = [
                api.post("/v1/datasets", json={"parameters": {"kind": "xor", "seed": seed}}).json()["id"] for seed in range(5)
            ]
            for order, expected in (("desc", made[::-1]), ("asc", made)):
                url: str | None = f"/v1/datasets?limit=2&order={order}"
                walked = []
                while url:
                    page = api.get(url)
                    walked += [dataset["id"] for dataset in page.json()["data"]]
                    assert page.json()["has_more"] == ("next" in page.links)
                    url = page.links.get("next", {}).get("url")
                assert walked == expected

    def test_preview(self, idle: Api) -> None:
        """A preview shows the first examples with their labels as the file wrote them."""
        dataset = upload(idle).json()
        preview = idle.get(dataset["links"]["preview"]).json()
        assert preview == {
            "object": "dataset_preview",
            "dataset": dataset["id"],
            "features": ["width", "height"],
            "rows": [[1.5, 2], [3, 4.25], [5, 6]],
            "labels": ["cat", "dog", "cat"],
            "text": None,
            "total_examples": 3,
        }
        short = idle.get(dataset["links"]["preview"], params={"limit": 1}).json()
        assert (short["rows"], short["labels"], short["total_examples"]) == ([[1.5, 2]], ["cat"], 3)

    def test_statistics_are_those_of_the_examples(self, idle: Api) -> None:
        """Mean, deviation and range of each feature are those of the examples."""
        dataset = idle.post("/v1/datasets", json={"parameters": {"kind": "moons", "seed": 3}}).json()
        X = np.array(idle.get(dataset["links"]["preview"], params={"limit": 1000}).json()["rows"])
        for statistics, x in zip(dataset["statistics"], X.T, strict=True):
            assert statistics == pytest.approx({"mean": x.mean(), "std": x.std(), "min": x.min(), "max": x.max()})

    @pytest.mark.parametrize("path", ["", "/preview"])
    def test_unknown(self, idle: Api, path: str) -> None:
        """A dataset that is not kept is 404."""
        answer = idle.get(f"/v1/datasets/ds_0{path}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "there is no dataset 'ds_0'"


class TestDelete:
    """DELETE /v1/datasets/{id}."""

    def test_deleted_dataset_is_gone(self, idle: Api) -> None:
        """After 204 a dataset is 404 and in no list; the same bytes can be kept again."""
        body = {"parameters": {"kind": "moons", "seed": 11}}
        link = idle.post("/v1/datasets", json=body).headers["Location"]
        assert idle.delete(link).status_code == 204
        assert idle.get(link).status_code == idle.get(f"{link}/preview").status_code == idle.delete(link).status_code == 404
        assert link not in [dataset["links"]["self"] for dataset in listed(idle)]
        assert idle.post("/v1/datasets", json=body).status_code == 201

    def test_dataset_in_use_stays(self, idle: Api) -> None:
        """A dataset that a run uses cannot be deleted: 409; when the run is deleted, it can."""
        dataset = idle.post("/v1/datasets", json={"parameters": {"kind": "moons", "seed": 12}}).json()
        run = idle.create(dataset={"kind": "stored", "id": dataset["id"]})
        refused = idle.delete(dataset["links"]["self"])
        assert refused.status_code == 409
        assert dataset["id"] in refused.json()["detail"]
        assert idle.get(dataset["links"]["self"]).json() == dataset
        idle.delete(f"/v1/runs/{run}")
        assert idle.delete(dataset["links"]["self"]).status_code == 204


class TestUpload:
    """POST /v1/datasets/upload."""

    def test_csv(self, idle: Api) -> None:
        """A CSV file is kept under its own name or the one given; its last column is the label unless told otherwise."""
        answer = upload(idle, CSV.replace(b"1.5", b"1.75"), "pets.csv")
        dataset = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == dataset["links"]["self"]
        assert (dataset["name"], dataset["kind"], dataset["parameters"]) == ("pets.csv", "upload", None)
        assert (dataset["features"], dataset["classes"], dataset["class_counts"]) == (
            ["width", "height"],
            ["cat", "dog"],
            [2, 1],
        )
        assert idle.get(answer.headers["Location"]).json() == dataset

    def test_label_and_name(self, idle: Api) -> None:
        """The form may name the label column and the dataset."""
        dataset = upload(idle, b"kind,x\na,1\nb,2\n", label="kind", name="letters").json()
        assert (dataset["name"], dataset["features"], dataset["classes"]) == ("letters", ["x"], ["a", "b"])

    def test_same_file_twice(self, idle: Api) -> None:
        """The same content again is the same dataset, whatever the file is called: 200."""
        content = CSV.replace(b"1.5", b"1.25")
        first, again = upload(idle, content), upload(idle, content, "copy.csv")
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()

    def test_npz(self, idle: Api) -> None:
        """Arrays saved with numpy.savez are kept too."""
        file = io.BytesIO()
        np.savez(file, X=np.array([[1.0, 2], [3, 4]]), y=np.array([7, 9]))
        dataset = upload(idle, file.getvalue(), "arrays.npz").json()
        assert (dataset["examples"], dataset["features"], dataset["classes"]) == (2, ["x1", "x2"], [7, 9])

    @pytest.mark.parametrize(
        ("content", "row", "column", "detail"),
        [
            (b"x,y,label\n1,2,a\n3,z,b\n", 3, "y", "row 3, column 'y': expected a finite decimal number, got 'z'"),
            (b"x,y,label\n1,2,a\n3,,b\n", 3, "y", "row 3, column 'y': expected a finite decimal number, got an empty cell"),
            (b"x,y,label\n1,nan,a\n3,4,b\n", 2, "y", "row 2, column 'y': expected a finite decimal number, got 'nan'"),
            (b"x,y,label\n1,2,a\n3,b\n", 3, None, "row 3: expected 3 fields as in the header, got 2"),
            (b"x,y,label\n1,2,a\n3,4,\xff\n", 3, None, "row 3: byte 0xff is not UTF-8; save the file as UTF-8"),
            (b"", None, None, "the file is empty; it needs a header line with the names of the columns"),
        ],
    )
    def test_broken_csv(self, idle: Api, content: bytes, row: int | None, column: str | None, detail: str) -> None:
        """A bad row is named by row and column, in words and as members, and nothing of the file is kept."""
        before = listed(idle)
        answer = upload(idle, content)
        problem = answer.json()
        assert answer.status_code == 422
        assert problem["code"] == "invalid_upload"
        assert (problem.get("row"), problem.get("column"), problem["detail"]) == (row, column, detail)
        assert problem["errors"] == [{"pointer": "#/file", "detail": detail}]
        assert listed(idle) == before

    def test_unknown_label_column(self, idle: Api) -> None:
        """A label column that is not there is named, with those that are."""
        problem = upload(idle, label="species").json()
        assert problem["errors"] == [
            {"pointer": "#/label", "detail": "there is no column 'species', the columns are 'width', 'height', 'kind'"}
        ]

    @pytest.mark.parametrize(
        ("form", "detail"),
        [
            ({"data": {"name": "no file"}}, "file is missing"),
            ({"files": {"file": (None, "text")}}, "file is 'text', must be a file"),
            ({"json": {"file": "a.csv"}}, "file is missing"),
            ({}, "file is missing"),
        ],
    )
    def test_without_a_file(self, idle: Api, form: dict[str, Any], detail: str) -> None:
        """An upload without its file says what is missing."""
        answer = idle.post("/v1/datasets/upload", **form)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": "#/file", "detail": detail}]

    @pytest.mark.parametrize(
        ("files", "pointer", "detail"),
        [
            ([("data", ("a.csv", CSV))], "#/data", "'data' is not a known field, expected file, label, name"),
            (
                [("file", ("a.csv", CSV)), ("lable", (None, "kind"))],
                "#/lable",
                "'lable' is not a known field, did you mean label?",
            ),
            ([("file", ("a.csv", CSV)), ("file", ("b.csv", CSV))], "#/file", "file came 2 times, expected once"),
            ([("file", ("a.csv", CSV)), ("label", ("b", "y"))], "#/label", "label is a file, must be a valid string"),
        ],
    )
    def test_fields_that_it_does_not_have(self, idle: Api, files: Any, pointer: str, detail: str) -> None:
        """A misspelt field, or a second file, is refused and named instead of being dropped; nothing is kept."""
        before = listed(idle)
        answer = idle.post("/v1/datasets/upload", files=files)
        assert answer.status_code == 422
        assert [(error["pointer"], error["detail"]) for error in answer.json()["errors"]] == [(pointer, detail)]
        assert listed(idle) == before

    def test_bad_name(self, idle: Api) -> None:
        """A name with control characters is refused and pointed at."""
        answer = upload(idle, name="bell\x07")
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"pointer": "#/name", "detail": "name is 'bell\\x07', must not contain control characters"}
        ]

    def test_name_of_the_file_obeys_the_rules_of_names(self, idle: Api) -> None:
        """A file's own name is cut to 200 characters and loses its control characters; the path is no part of it."""
        long = upload(idle, CSV.replace(b"1.5", b"1.125"), "x" * 300 + ".csv").json()
        assert (len(long["name"]), long["name"][-5:]) == (200, "x.csv")
        boundary = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\x07b\x1b.csv"\r\n\r\n'
        content = boundary + CSV.replace(b"1.5", b"1.0625") + b"\r\n--b--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        assert idle.post("/v1/datasets/upload", content=content, headers=headers).json()["name"] == "ab.csv"

    def test_malformed_form(self, idle: Api) -> None:
        """A body that is no multipart form is 400."""
        for kind in ("multipart/form-data", "multipart/form-data; boundary=b"):
            answer = idle.post("/v1/datasets/upload", content=b"x,y\n1,a\n", headers={"Content-Type": kind})
            assert answer.status_code == 400
            assert "ultipart" in answer.json()["detail"]

    def test_too_large(self, idle: Api) -> None:
        """A file over the limit is refused, 413 with the setting, and nothing of it is kept."""
        before = listed(idle)
        rows = b"x,y\n" + b"".join(b"%d,a\n%d,b\n" % (i, i) for i in range(1000))
        answer = upload(idle, rows)
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"
        assert "4,096 bytes of upload (POSTGRAD_MAX_UPLOAD_BYTES)" in answer.json()["detail"]
        assert listed(idle) == before

    def test_limit_of_json_is_not_that_of_uploads(self, idle: Api) -> None:
        """The limit on uploads is its own: a JSON body may be larger than the largest file here, and the other way round."""
        answer = idle.post("/v1/runs/validate", json={"dataset": SPIRAL, "model": {"kind": "softmax"}, "x": "y" * 10_000})
        assert answer.status_code == 422


class TestRunOnAKeptDataset:
    """{"kind": "stored"} as the dataset of a run."""

    def test_same_bits_as_inline(self, api: Api) -> None:
        """Training on the kept spiral gives the same weights as training on the described one."""
        kept = api.post("/v1/datasets", json={"parameters": SPIRAL}).json()["id"]
        stored, inline = api.ended(dataset={"kind": "stored", "id": kept}), api.ended()
        assert stored["status"] == "succeeded"
        assert stored["dataset"] == {"kind": "stored", "id": kept}
        assert stored["data"] == inline["data"]
        assert stored["weights_digest"] == inline["weights_digest"]

    def test_upload_is_trained_on(self, api: Api) -> None:
        """A run on an uploaded file knows its features and classes by name and learns them."""
        dataset = upload(api).json()["id"]
        run = api.ended(dataset={"kind": "stored", "id": dataset}, training={"steps": 500, "standardize": True})
        assert run["data"] == {"examples": 3, "features": ["width", "height"], "classes": ["cat", "dog"]}
        assert run["metrics"]["loss"]["last"] < run["metrics"]["loss"]["best"] + 1e-6 < 0.6931

    @pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/validate"])
    @pytest.mark.parametrize("dataset", ["ds_0", "", "x" * 5000, "a\0b", "../../etc/passwd", "' OR 1=1 --"])
    def test_unknown_dataset(self, idle: Api, path: str, dataset: str) -> None:
        """A run on a dataset that is not kept is refused and pointed at."""
        answer = idle.post(path, json={"dataset": {"kind": "stored", "id": dataset}, "model": {"kind": "softmax"}})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["#/dataset/id"]
