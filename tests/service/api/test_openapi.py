"""The OpenAPI document allows what the routes take and no more: programs make requests from it, and follow its links."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.service.api.conftest import SPIRAL, Api

RUN: dict[str, Any] = {"dataset": SPIRAL, "model": {"kind": "softmax"}}


def operations(api: Api) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of everything in the document."""
    for path, methods in api.openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def allows(api: Api, name: str, body: object) -> bool:
    """Return whether a schema of the document allows a body."""
    schema = {**api.openapi, "$ref": f"#/components/schemas/{name}"}
    return bool(Draft202012Validator(schema).is_valid(body))


@pytest.mark.parametrize(
    ("name", "body", "allowed"),
    [
        ("RunCreate", RUN, True),
        ("RunCreate", {**RUN, "name": "a\0b"}, False),
        ("RunCreate", {**RUN, "name": ""}, False),
        ("RunCreate", {**RUN, "name": "naïve ☃"}, True),
        ("RunCreate", {**RUN, "tags": {"a": "b"}}, True),
        ("RunCreate", {**RUN, "tags": {"a\nb": "b"}}, False),
        ("RunCreate", {**RUN, "tags": {"a": "b\x7f"}}, False),
        ("RunCreate", {**RUN, "dataset": {"classes": 3}}, False),
        ("RunCreate", {**RUN, "optimizer": {"learning_rate": 0.1}}, False),
        ("RunCreate", {**RUN, "colour": 1}, False),
        ("RunPatch", {"tags": {"a": None}}, True),
        ("RunPatch", {"tags": {"a\nb": None}}, False),
        ("ForkRequest", {"tags": {"a\nb": "b"}}, False),
        ("ForkRequest", {"tags": None}, True),
        ("ForkRequest", {"checkpoint": 100}, True),
        ("ForkRequest", {"checkpoint": ""}, False),
        ("PredictRequest", {"inputs": [[0.5]], "checkpoint": "a\nb"}, False),
        ("ModelPredictRequest", {"inputs": [[0.5]], "alias": "a", "version": None}, True),
        ("ModelPredictRequest", {"inputs": [[0.5]], "alias": "a", "version": 1}, False),
        ("Body_upload_dataset_v1_datasets_upload_post", {"file": "", "colour": ""}, False),
    ],
)
def test_bodies(idle: Api, name: str, body: Any, allowed: bool) -> None:  # noqa: FBT001 (a case has two outcomes)
    """What is refused for a single field, whoever sends it, is refused by the schema too."""
    assert allows(idle, name, body) is allowed


def test_no_parameter_is_null(idle: Api) -> None:
    """A parameter is left out or has a value: the word `null` in a query is a word."""
    for path, method, operation in operations(idle):
        for parameter in operation.get("parameters", []):
            assert "null" not in json.dumps(parameter["schema"]), (path, method, parameter["name"])


@pytest.mark.parametrize("given", ["0.5", "1700000000", "-1", "2026", "now"])
def test_a_time_is_no_number(idle: Api, given: str) -> None:
    """A number is not taken for the seconds since 1970, which no schema says."""
    answer = idle.get("/v1/runs", params={"created_after": given})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/query/created_after"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_a_route_without_a_method_is_not_taken_for_an_id(idle: Api, method: str) -> None:
    """/v1/runs/validate is no run: 405, and Allow names what it has, not what a run has."""
    for path in ("/v1/runs/validate", "/v1/datasets/upload"):
        answer = idle.request(method, path, json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_links_lead_somewhere(idle: Api) -> None:
    """Every link names an operation of the document, and fills its path with values that the exchange has."""
    known = {operation["operationId"]: (path, operation) for path, _, operation in operations(idle)}
    linked = set()
    for _, _, operation in operations(idle):
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                path, target = known[link["operationId"]]
                places = {f"{parameter['in']}.{parameter['name']}" for parameter in target["parameters"]}
                assert link["parameters"].keys() <= places
                assert {f"path.{name}" for name in re.findall(r"{(\w+)}", path)} - {"path.suffix"} <= link["parameters"].keys()
                linked.add(path)
    unlinked = {path for path, _, _ in operations(idle) if "{" in path} - linked
    assert not {path for path in unlinked if re.search(r"{(run_id|dataset_id|name)}", path)}, unlinked


def test_a_link_can_be_followed(idle: Api) -> None:
    """The run of a POST answers under each GET that the document links it with."""
    answer = idle.post("/v1/runs", json=RUN)
    links = idle.openapi["paths"]["/v1/runs"]["post"]["responses"]["202"]["links"]
    paths = {operation["operationId"]: path for path, method, operation in operations(idle) if method == "get"}
    for name in links.keys() & paths.keys():
        path = paths[name].replace("{run_id}", answer.json()["id"]).replace("{suffix}", "json")
        assert idle.get(path).status_code in (200, 409), path
