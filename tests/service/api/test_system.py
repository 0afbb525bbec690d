"""Health, readiness, version, and the API's documentation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.errors import Busy
from service.settings import Settings
from service.store import migrate
from tests.service.api.conftest import Api, serving

ROUTES = {  # the contract's table, so far as it is there: a new route needs a line here, and a test
    "GET /healthz",
    "GET /readyz",
    "GET /v1/info",
    "GET /metrics",
    "GET /v1/queue",
    "GET /v1/usage",
    "POST /v1/datasets",
    "GET /v1/datasets",
    "POST /v1/datasets/preview",
    "POST /v1/datasets/upload",
    "GET /v1/datasets/{dataset_id}",
    "DELETE /v1/datasets/{dataset_id}",
    "GET /v1/datasets/{dataset_id}/preview",
    "GET /v1/datasets/{dataset_id}/plot.svg",
    "POST /v1/runs",
    "GET /v1/runs",
    "POST /v1/runs/validate",
    "GET /v1/runs/{run_id}",
    "PATCH /v1/runs/{run_id}",
    "DELETE /v1/runs/{run_id}",
    "POST /v1/runs/{run_id}/cancel",
    "POST /v1/runs/{run_id}/pause",
    "POST /v1/runs/{run_id}/resume",
    "POST /v1/runs/{run_id}/extend",
    "POST /v1/runs/{run_id}/fork",
    "POST /v1/runs/{run_id}/verify",
    "GET /v1/runs/{run_id}/loss-history",
    "GET /v1/runs/{run_id}/loss-history.{suffix}",
    "GET /v1/runs/{run_id}/loss-history/plot.svg",
    "GET /v1/runs/{run_id}/plot.svg",
    "GET /v1/runs/{run_id}/metrics",
    "GET /v1/runs/{run_id}/metrics.{suffix}",
    "GET /v1/runs/{run_id}/decision-boundary",
    "GET /v1/runs/{run_id}/boundary.svg",
    "GET /v1/runs/{run_id}/events",
    "GET /v1/runs/{run_id}/checkpoints",
    "POST /v1/runs/{run_id}/predict",
    "POST /v1/runs/{run_id}/evaluate",
    "GET /v1/runs/{run_id}/diagnostics",
    "GET /v1/runs/{run_id}/export",
    "POST /v1/runs/{run_id}/generate",
    "PUT /v1/models/{name}/aliases/{alias}",
    "DELETE /v1/models/{name}/aliases/{alias}",
    "DELETE /v1/models/{name}/versions/{version}",
    "GET /v1/models",
    "GET /v1/models/{name}",
    "DELETE /v1/models/{name}",
    "POST /v1/models/{name}/predict",
    "POST /v1/api-keys",
    "GET /v1/api-keys",
    "GET /v1/api-keys/{key_id}",
    "DELETE /v1/api-keys/{key_id}",
    "GET /v2",
    "GET /v2/health/live",
    "GET /v2/health/ready",
    "GET /v2/models/stats",
    "GET /v2/models/{name}",
    "GET /v2/models/{name}/config",
    "POST /v2/models/{name}/infer",
    "GET /v2/models/{name}/ready",
    "GET /v2/models/{name}/stats",
    "GET /v2/models/{name}/versions/{version}",
    "GET /v2/models/{name}/versions/{version}/config",
    "POST /v2/models/{name}/versions/{version}/infer",
    "GET /v2/models/{name}/versions/{version}/ready",
    "GET /v2/models/{name}/versions/{version}/stats",
    "POST /v2/repository/index",
}


def with_problems(api: Api) -> list[dict[str, Any]]:
    """Return what the routes offer whose errors are problem documents: all but those of another protocol."""
    return [methods for path, methods in api.openapi["paths"].items() if not path.startswith("/v2")]


CHECKS = ("database", "migrations", "executor", "workers", "disk")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Api]:
    """Run a server that a test may break."""
    with serving(tmp_path, workers=0) as client:
        yield client


class TestHealth:
    """/healthz, /readyz and /v1/info."""

    def test_healthz(self, idle: Api) -> None:
        """A server that lives says so."""
        answer = idle.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    def test_ready(self, idle: Api) -> None:
        """A server is ready when database, migrations and executor are."""
        answer = idle.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready", "checks": dict.fromkeys(CHECKS, True)}

    def test_not_ready_without_dispatcher(self, fresh: Api) -> None:
        """A server that places no runs is alive but not ready: 503, and which part it is."""
        fresh.app.state.parts.dispatcher.stop()
        answer = fresh.get("/readyz")
        assert answer.status_code == 503
        assert (answer.json()["code"], answer.json()["detail"]) == ("not_ready", "not ready: executor")
        assert answer.json()["checks"] == {**dict.fromkeys(CHECKS, True), "executor": False}
        assert fresh.get("/healthz").status_code == 200

    def test_not_ready_without_database(self, idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """A server whose database does not answer is alive but not ready, and comes back with it."""

        def busy(*_: Any) -> bool:
            raise Busy("the database is away")

        monkeypatch.setattr(migrate, "is_current_now", busy)
        answer = idle.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {**dict.fromkeys(CHECKS, True), "database": False, "migrations": False}
        assert idle.get("/healthz").status_code == 200
        monkeypatch.undo()
        assert idle.get("/readyz").status_code == 200

    def test_info(self, fresh: Api) -> None:
        """The info names version, environment, limits and what is queued and running."""
        info = fresh.get("/v1/info").json()
        assert (info["object"], info["name"], info["workers"], info["executor"]) == ("info", "postgrad", 0, "local")
        assert re.fullmatch(r"\d+\.\d+\.\d+", info["version"])
        assert tuple(map(int, info["sqlite_version"].split("."))) >= (3, 51, 3)
        assert info["environment"]["numpy"]
        assert info["limits"]["max_body_bytes"] == Settings.model_fields["max_body_bytes"].default
        assert (info["queued"], info["running"]) == (0, 0)
        fresh.create()
        assert fresh.get("/v1/info").json()["queued"] == 1
        assert all(fresh.get(link).status_code == 200 for link in info["links"].values())

    def test_info_tells_no_secret(self, fresh: Api) -> None:
        """Neither the database's address nor a directory of the server is in the info."""
        text = fresh.get("/v1/info").text
        assert "sqlite:" not in text
        assert str(fresh.app.state.parts.settings.data_dir) not in text


class TestDocs:
    """/docs, which works offline."""

    def test_page_needs_no_other_host(self, idle: Api) -> None:
        """The page loads nothing from elsewhere: every file it names is served here."""
        page = idle.get("/docs")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert not re.findall(r"""(?:https?:)?//[\w.-]+""", re.sub(r"<!--.*?-->", "", page.text))
        files = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
        kinds = {".js": "javascript", ".css": "text/css", ".png": "image/png"}
        assert {Path(file).suffix for file in files} == set(kinds)
        for file in files:
            answer = idle.get(file)
            assert answer.status_code == 200
            assert kinds[Path(file).suffix] in answer.headers["content-type"]
            assert len(answer.content) > 500

    def test_stylesheet_needs_no_other_host(self, idle: Api) -> None:
        """The style sheet loads nothing from elsewhere either."""
        urls = re.findall(r"""url\(["']?([^"')]+)|@import\s+["']([^"']+)""", idle.get("/docs/swagger-ui.css").text)
        assert not [url for pair in urls for url in pair if url.startswith(("http", "//"))]

    def test_page_shows_this_api(self, idle: Api) -> None:
        """The page shows /openapi.json of this server."""
        assert "/openapi.json" in idle.get("/docs").text
        assert idle.get("/openapi.json").json()["info"]["title"] == "Postgrad"

    @pytest.mark.parametrize("file", ["nothing.js", "..%2f..%2fpyproject.toml", "%2fetc%2fpasswd", "swagger-ui.css%00"])
    def test_no_other_file_is_served(self, idle: Api, file: str) -> None:
        """Only the files of the page are served."""
        assert idle.get(f"/docs/{file}").status_code == 404


class TestOpenapi:
    """/openapi.json."""

    def test_has_exactly_the_contracts_routes(self, idle: Api) -> None:
        """The documented routes are those of the contract's table that are there."""
        documented = {f"{method.upper()} {path}" for path, methods in idle.openapi["paths"].items() for method in methods}
        assert documented == ROUTES

    def test_is_what_is_served(self, idle: Api) -> None:
        """The document served is the one that all answers of these tests are held against."""
        assert idle.get("/openapi.json").json() == idle.openapi
        assert idle.openapi["openapi"].startswith("3.1")

    def test_schemas_are_valid(self, idle: Api) -> None:
        """Every schema is valid JSON Schema, and every reference leads to one."""
        schemas = idle.openapi["components"]["schemas"]
        for schema in schemas.values():
            Draft202012Validator.check_schema(schema)
        references = set(re.findall(r"'\$ref': '([^']+)'", str(idle.openapi)))
        assert references <= {f"#/components/schemas/{name}" for name in schemas}

    def test_every_route_is_explained(self, idle: Api) -> None:
        """Every route has a summary, a description and an id of its own; its path parameters are declared."""
        operations = {
            (path, method): operation
            for path, methods in idle.openapi["paths"].items()
            for method, operation in methods.items()
        }
        ids = [operation["operationId"] for operation in operations.values()]
        assert len(ids) == len(set(ids))
        for (path, method), operation in operations.items():
            assert operation["summary"], (path, method)
            assert operation["description"], (path, method)
            declared = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))

    def test_query_parameters_are_explained(self, idle: Api) -> None:
        """Every query parameter says what it means."""
        for path, methods in idle.openapi["paths"].items():
            for operation in methods.values():
                for parameter in operation.get("parameters", []):
                    assert parameter.get("description"), (path, parameter["name"])

    def test_every_route_documents_its_problems(self, idle: Api) -> None:
        """Every route documents the problems it can answer with, by their schema."""
        for methods in with_problems(idle):
            for operation in methods.values():
                for status in ("404", "422", "503"):
                    assert "#/components/schemas/Problem" in str(operation["responses"][status])

    def test_problems_have_their_media_type(self, idle: Api) -> None:
        """The schema of a problem stands under the media type that problems are sent as."""
        for methods in with_problems(idle):
            for operation in methods.values():
                content = operation["responses"]["404"]["content"]
                assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
