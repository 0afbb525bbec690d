"""POST /v1/datasets/preview: a synthetic dataset before it is made."""

from typing import Any

import pytest

from tests.service.api.conftest import Api


def sketch(api: Api, **parameters: Any) -> Any:
    """Ask for a sketch that must be answered."""
    answer = api.post("/v1/datasets/preview", json={"parameters": parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", ["spiral", "moons", "circles", "blobs", "xor"])
def test_it_is_what_would_be_made(idle: Api, kind: str) -> None:
    """The sketch has the very examples that the dataset then has, and keeps nothing."""
    before = idle.get("/v1/datasets").json()["data"]
    seen = sketch(idle, kind=kind, points_per_class=20, seed=3)
    assert idle.get("/v1/datasets").json()["data"] == before
    made = idle.post("/v1/datasets", json={"parameters": {"kind": kind, "points_per_class": 20, "seed": 3}}).json()
    assert [seen[name] for name in ("features", "classes", "class_counts")] == [
        made[name] for name in ("features", "classes", "class_counts")
    ]
    kept = idle.get(made["links"]["preview"], params={"limit": 1000}).json()
    assert (seen["rows"], seen["labels"], seen["total_examples"]) == (kept["rows"], kept["labels"], kept["total_examples"])


def test_a_large_one_is_shown_in_part(idle: Api) -> None:
    """No more than `limit` examples are shown, of all classes; the counts are of all."""
    body = {"parameters": {"kind": "spiral", "points_per_class": 5000, "classes": 4}, "limit": 100}
    seen = idle.post("/v1/datasets/preview", json=body).json()
    assert len(seen["rows"]) == len(seen["labels"]) == 100
    assert (seen["total_examples"], seen["class_counts"]) == (20_000, [5000] * 4)
    assert min(seen["labels"].count(label) for label in seen["classes"]) >= 20


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"parameters": {"kind": "moons", "noise": -1}}, "#/parameters/noise"),
        ({"parameters": {"kind": "text", "text": "ab"}}, "#/parameters/kind"),
        ({"parameters": {"kind": "moons"}, "limit": 0}, "#/limit"),
        ({"parameters": {"kind": "moons"}, "name": "m"}, "#/name"),
        ({}, "#/parameters"),
    ],
)
def test_what_is_wrong_is_named(idle: Api, body: Any, pointer: str) -> None:
    """Each field that cannot be used is named by its place in the request."""
    answer = idle.post("/v1/datasets/preview", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_it_needs_no_more_memory_than_a_run(idle: Api) -> None:
    """What no run could hold is not made for a sketch either."""
    body = {"parameters": {"kind": "blobs", "points_per_class": 100_000, "features": 1000, "classes": 100}}
    answer = idle.post("/v1/datasets/preview", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
