"""Bad requests: each is answered by a problem document that names the field, what came and what was expected."""

import json
import logging
from typing import Any

import httpx
import pytest

from core.errors import DataError
from service import errors
from service.api import runs as routes
from service.api.errors import CODES, STATUS, TITLES
from service.errors import ServiceError
from tests.service.api.conftest import Api, strict_json

JSON = {"Content-Type": "application/json"}
RUN: dict[str, Any] = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}}
BIG = 2**63
PARTS = "expected name, dataset, model, optimizer, training, tags, priority"


def body(*path: str, value: Any) -> str:
    """Return a good run in which one field is replaced."""
    return json.dumps(nested(path, value))


def nested(path: tuple[str, ...], value: Any) -> Any:
    """Return the members of a good run with one replaced."""
    run = json.loads(json.dumps(RUN))
    inner = run
    for part in path[:-1]:
        inner = inner.setdefault(part, {"kind": "sgd"} if part == "optimizer" else {})
    inner[path[-1]] = value
    return run


def raw(*path: str, literal: str) -> str:
    """Return a good run in which one field is replaced by what Python would not write."""
    return body(*path, value="TOKEN").replace('"TOKEN"', literal)


FIELD: list[tuple[str | bytes, str, str]] = [  # (body, pointer, message): one field is bad
    (body("colour", value=1), "#/colour", f"colour is not a known field, {PARTS}"),
    (body("id", value="run_1"), "#/id", f"id is not a known field, {PARTS}"),
    (body("kind", value="spiral"), "#/kind", f"kind is not a known field, {PARTS}"),
    (body("data", value=1), "#/data", "data is not a known field, did you mean dataset?"),
    (body("steps", value=1), "#/steps", "steps is not a known field, but training.steps is"),
    (body("seed", value=1), "#/seed", "seed is not a known field, but dataset.seed and training.seed are"),
    (body("dataset", "name", value="x"), "#/dataset/name", "dataset.name is not a known field, but name is"),
    (body("training", "step", value=1), "#/training/step", "training.step is not a known field, did you mean steps?"),
    (
        body("training", "learning_rate", value=1),
        "#/training/learning_rate",
        "training.learning_rate is not a known field, but optimizer.learning_rate is",
    ),
    (
        body("training", "early_stopping", value={"patence": 3}),
        "#/training/early_stopping/patence",
        "training.early_stopping.patence is not a known field, did you mean patience?",
    ),
    (body("model", "depth", value=1), "#/model/depth", "model.depth is not a known field, expected kind, reg, l1"),
    (body("model", "margin", value=1), "#/model/margin", "model.margin is not a known field, expected kind, reg, l1"),
    (body("model", "softmax", value=1), "#/model/softmax", "model.softmax is not a known field, expected kind, reg, l1"),
    (
        body("optimizer", value={"kind": "adam", "momentum": 0.9}),
        "#/optimizer/momentum",
        "optimizer.momentum is not a known field, expected kind, learning_rate, beta1, beta2, schedule, clip",
    ),
    (body("training", "steps", value="3"), "#/training/steps", "training.steps is '3', must be a valid integer"),
    (body("training", "steps", value=True), "#/training/steps", "training.steps is true, must be a valid integer"),
    (body("training", "steps", value=1.0), "#/training/steps", "training.steps is 1.0, must be a valid integer"),
    (body("training", "steps", value=1.5), "#/training/steps", "training.steps is 1.5, must be a valid integer"),
    (body("training", "steps", value=[3]), "#/training/steps", "training.steps is a list of 1 items, must be a valid integer"),
    (body("training", "steps", value={}), "#/training/steps", "training.steps is an object, must be a valid integer"),
    (body("training", "steps", value=0), "#/training/steps", "training.steps is 0, must be at least 1"),
    (body("training", "seed", value=None), "#/training/seed", "training.seed is null, must be a valid integer"),
    (body("training", "seed", value=-1), "#/training/seed", "training.seed is -1, must be at least 0"),
    (
        body("training", "seed", value=BIG),
        "#/training/seed",
        f"training.seed is {BIG}, must be at most 4294967295",
    ),
    (
        body("training", "steps", value=-BIG - 1),
        "#/training/steps",
        f"training.steps is {-BIG - 1}, must be at least 1",
    ),
    (body("training", "standardize", value=1), "#/training/standardize", "training.standardize is 1, must be a valid boolean"),
    (
        body("training", "dtype", value="float16"),
        "#/training/dtype",
        "training.dtype is 'float16', must be 'float32' or 'float64'",
    ),
    (
        body("training", "early_stopping", value=3),
        "#/training/early_stopping",
        "training.early_stopping is 3, must be an object",
    ),
    (
        body("training", "validation_fraction", value=1),
        "#/training/validation_fraction",
        "training.validation_fraction is 1, must be less than 1",
    ),
    (body("training", value=None), "#/training", "training is null, must be an object"),
    (body("training", value=[]), "#/training", "training is a list of 0 items, must be an object"),
    (body("model", "reg", value="0"), "#/model/reg", "model.reg is '0', must be a valid number"),
    (body("model", "reg", value=True), "#/model/reg", "model.reg is true, must be a valid number"),
    (body("model", "reg", value=None), "#/model/reg", "model.reg is null, must be a valid number"),
    (raw("model", "reg", literal="NaN"), "#/model/reg", "model.reg is nan, must be a finite number"),
    (raw("model", "reg", literal="Infinity"), "#/model/reg", "model.reg is inf, must be a finite number"),
    (raw("model", "reg", literal="-Infinity"), "#/model/reg", "model.reg is -inf, must be a finite number"),
    (raw("model", "reg", literal="1e400"), "#/model/reg", "model.reg is inf, must be a finite number"),
    (raw("training", "steps", literal="1e400"), "#/training/steps", "training.steps is inf, must be a valid integer"),
    (raw("training", "seed", literal="NaN"), "#/training/seed", "training.seed is nan, must be a valid integer"),
    (body("model", "reg", value=BIG), "#/model/reg", f"model.reg is {BIG}, must be at most 1000000"),
    (
        body("optimizer", "learning_rate", value=0),
        "#/optimizer/learning_rate",
        "optimizer.learning_rate is 0, must be greater than 0",
    ),
    (body("model", value=None), "#/model", "model is null, must be an object"),
    (body("model", value="softmax"), "#/model", "model is 'softmax', must be an object"),
    (body("model", value=[]), "#/model", "model is a list of 0 items, must be an object"),
    (body("model", value={}), "#/model/kind", "model.kind is missing"),
    (
        body("model", "kind", value="forest"),
        "#/model/kind",
        "model.kind is 'forest', must be one of softmax, svm, mlp, char_rnn",
    ),
    (body("model", "kind", value=1), "#/model/kind", "model.kind is 1, must be one of softmax, svm, mlp, char_rnn"),
    (body("model", "kind", value=None), "#/model/kind", "model.kind is null, must be one of softmax, svm, mlp, char_rnn"),
    (
        body("model", value={"kind": "mlp", "hidden_sizes": [10, 0]}),
        "#/model/hidden_sizes/1",
        "model.hidden_sizes[1] is 0, must be at least 1",
    ),
    (
        body("model", value={"kind": "mlp", "hidden_sizes": [10] * 21}),
        "#/model/hidden_sizes",
        "model.hidden_sizes is a list of 21 items, must have at most 20 items",
    ),
    (
        body("model", value={"kind": "mlp", "hidden_sizes": "12"}),
        "#/model/hidden_sizes",
        "model.hidden_sizes is '12', must be a valid list",
    ),
    (body("name", value=""), "#/name", "name is '', must have at least 1 character"),
    (body("name", value=1), "#/name", "name is 1, must be a valid string"),
    (body("name", value="a\0b"), "#/name", "name is 'a\\x00b', must not contain control characters"),
    (body("name", value="a\nb"), "#/name", "name is 'a\\nb', must not contain control characters"),
    (body("name", value="\ud800"), "#/name", "name is '\\ud800', must not contain half a surrogate pair"),
    (
        body("name", value="X").encode().replace(b"X", b"\xed\xa0\x80"),
        "#/name",
        "name is '\\ud800', must not contain half a surrogate pair",
    ),
    (body("tags", value=[]), "#/tags", "tags is a list of 0 items, must be an object"),
    (body("tags", value={"a": 1}), "#/tags/a", "tags.a is 1, must be a valid string"),
    (body("tags", value={"a/b~c": 1}), "#/tags/a~1b~0c", "tags.a/b~c is 1, must be a valid string"),
    (body("tags", value={"[key]": 1}), "#/tags/[key]", "tags.[key] is 1, must be a valid string"),
    (body("tags", value={"a": "\udfff"}), "#/tags/a", "tags.a is '\\udfff', must not contain half a surrogate pair"),
    (body("tags", value={"a": "\0"}), "#/tags/a", "tags.a is '\\x00', must not contain control characters"),
    (body("tags", value={"": "a"}), "#/tags", "a key in tags is '', must have at least 1 character"),
    (body("tags", value={"\0": "a"}), "#/tags", "a key in tags is '\\x00', must not contain control characters"),
    (body("tags", value={"\ud800": "a"}), "#/tags", "a key in tags is '\\ud800', must not contain half a surrogate pair"),
    (body("tags", value={str(i): "" for i in range(51)}), "#/tags", "tags is an object, must have at most 50 items"),
    (body("\ud800", value=1), "#", "a key in the body is '\\ud800', must not contain half a surrogate pair"),
    (body("model", "\ud800", value=1), "#/model", "a key in model is '\\ud800', must not contain half a surrogate pair"),
    (
        body("training", "dtype", value="\ud800"),
        "#/training/dtype",
        "training.dtype is '\\ud800', must not contain half a surrogate pair",
    ),
    (
        body("dataset", value={"kind": "stored", "id": "\ud800"}),
        "#/dataset/id",
        "dataset.id is '\\ud800', must not contain half a surrogate pair",
    ),
    (body("dataset", value={"kind": "stored"}), "#/dataset/id", "dataset.id is missing"),
    (body("dataset", value={"kind": "stored", "id": "ds_0"}), "#/dataset/id", "there is no dataset 'ds_0'"),
    (
        body("optimizer", value={"kind": "sgd", "nesterov": True}),
        "#/optimizer/nesterov",
        "optimizer.nesterov is true, which needs optimizer.momentum greater than 0",
    ),
    (
        body("training", "batch_size", value=301),
        "#/training/batch_size",
        "training.batch_size is 301, must be at most 300, the number of training examples",
    ),
    (
        body("training", "checkpoint_every", value=7),
        "#/training/checkpoint_every",
        "training.checkpoint_every is 7, must be a multiple of training.log_every, which is 10",
    ),
    ("null", "#", "the body is null, must be an object"),
    ("[]", "#", "the body is a list of 0 items, must be an object"),
    ('"x"', "#", "the body is 'x', must be an object"),
    ("", "#", "the body is missing"),
]
UNREADABLE: list[tuple[str | bytes, str]] = [  # (body, what is wrong with it): no JSON at all
    ("{", "the body is not JSON: Expecting property name enclosed in double quotes at character 1"),
    ('{"name": }', "the body is not JSON: Expecting value at character 9"),
    ("[" * 100_000, "the body cannot be read as JSON: it is nested too deeply"),
    ('{"a":' * 20_000, "the body cannot be read as JSON: it is nested too deeply"),
    (raw("training", "steps", literal="9" * 10_000), "the body cannot be read as JSON: a number in it has too many digits"),
    (b'{"name": "\xff"}', "the body cannot be read as JSON: it is not UTF-8"),
]
HOSTILE = [case[0] for case in (*FIELD, *UNREADABLE)]


def name(value: object) -> str:
    """Name a case by its message, shortened."""
    return str(value)[:60] if isinstance(value, str) else ""


class TestRun:
    """POST /v1/runs with bodies that cannot be a run."""

    @pytest.mark.parametrize(("sent", "pointer", "detail"), FIELD, ids=[name(case[2]) for case in FIELD])
    def test_bad_field(self, idle: Api, sent: str | bytes, pointer: str, detail: str) -> None:
        """A bad field is 422, with a pointer to it, what came and what was expected; nothing is created."""
        before = idle.get("/v1/runs").json()["first_id"]
        for path in ("/v1/runs/validate", "/v1/runs"):
            answer = idle.post(path, content=sent, headers=JSON)
            problem = answer.json()
            assert answer.status_code == 422
            assert (problem["code"], problem["title"], problem["instance"]) == ("invalid_input", "Invalid input", path)
            assert [(error["pointer"], error["detail"]) for error in problem["errors"]] == [(pointer, detail)]
            assert problem["detail"] == detail
        assert idle.get("/v1/runs").json()["first_id"] == before

    @pytest.mark.parametrize(("sent", "detail"), UNREADABLE, ids=[name(case[1]) for case in UNREADABLE])
    def test_no_json(self, idle: Api, sent: str | bytes, detail: str) -> None:
        """A body that is no JSON is 400 and says where or why."""
        answer = idle.post("/v1/runs", content=sent, headers=JSON)
        assert answer.status_code == 400
        assert (answer.json()["code"], answer.json()["detail"]) == ("malformed", detail)

    def test_all_bad_fields_are_named_at_once(self, idle: Api) -> None:
        """Several bad fields are reported together, each with its pointer."""
        answer = idle.post("/v1/runs", json={"name": "", "training": {"steps": 0, "seed": "x"}, "colour": 1})
        pointers = {error["pointer"] for error in answer.json()["errors"]}
        assert pointers == {"#/name", "#/training/steps", "#/training/seed", "#/colour", "#/dataset", "#/model"}

    def test_kinds_that_are_known_are_listed(self, idle: Api) -> None:
        """An unknown kind comes with the known ones, for a program to read."""
        answer = idle.post("/v1/runs", content=body("optimizer", "kind", value="lbfgs"), headers=JSON)
        assert answer.json()["errors"][0]["allowed"] == ["sgd", "adagrad", "rmsprop", "adam"]

    def test_fields_that_are_known_are_listed(self, idle: Api) -> None:
        """An unknown field comes with those that may stand there, whatever the sentence suggests."""
        answer = idle.post("/v1/runs", content=body("model", "l2", value=1), headers=JSON)
        assert answer.json()["errors"][0]["allowed"] == ["kind", "reg", "l1"]
        overrides = {"optimizer": {"lerning_rate": 1}}
        answer = idle.post(f"/v1/runs/{idle.create()}/fork", json={"overridse": overrides})
        (error,) = answer.json()["errors"]
        assert error["detail"] == "overridse is not a known field, did you mean overrides?"
        assert error["allowed"] == ["checkpoint", "name", "tags", "overrides"]

    def test_every_route_says_what_it_expects(self, idle: Api) -> None:
        """Whatever takes JSON under /v1 names its fields when one came that it does not have."""
        for path, methods in idle.openapi["paths"].items():
            for method, operation in methods.items():
                content = operation.get("requestBody", {}).get("content", {})
                if not path.startswith("/v1/") or "application/json" not in content:
                    continue
                names = {"run_id": "run_0", "dataset_id": "ds_0", "name": "m", "alias": "a", "key_id": "key_0"}
                errors = idle.request(method, path.format(**names), json={"zzz": 1}).json()["errors"]
                (error,) = (error for error in errors if error["pointer"] == "#/zzz")
                schema = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
                fields = list(idle.openapi["components"]["schemas"][schema]["properties"])
                assert error["allowed"] == fields
                assert error["detail"] == f"zzz is not a known field, expected {', '.join(fields)}"

    def test_long_values_are_not_sent_back_whole(self, idle: Api) -> None:
        """A problem stays short, however long what it complains about is."""
        for sent in (
            body("name", value="x" * 100_000),
            body("training", "seed", value=10**4000),
            body("model", value="y" * 100_000),
        ):
            assert len(idle.post("/v1/runs", content=sent, headers=JSON).content) < 1000

    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": "multipart/form-data; boundary=x"},
            {"Content-Type": "text/html; charset=utf-8"},
            {"Content-Type": "nonsense"},
            {},
        ],
    )
    def test_only_json_is_taken(self, idle: Api, headers: dict[str, str]) -> None:
        """A body that does not come as JSON, as a page of another site could send it, is 415 and told how to come."""
        answer = idle.post("/v1/runs", content=json.dumps(RUN), headers=headers)
        assert answer.status_code == 415
        assert answer.json()["code"] == "unsupported_media_type"
        assert "Content-Type: application/json" in answer.json()["detail"]

    def test_json_with_a_charset(self, idle: Api) -> None:
        """application/json may carry a charset."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        assert idle.post("/v1/runs/validate", content=json.dumps(RUN), headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/v1/runs/validate", "/v1/datasets", "/v1/runs/run_0/predict", "/v1/runs/run_0/evaluate"])
def test_hostile_bodies_on_every_route(idle: Api, path: str) -> None:
    """No body of the corpus makes any route fail: each is refused with 4xx."""
    for sent in HOSTILE:
        answer = idle.post(path, content=sent, headers=JSON)
        assert 400 <= answer.status_code < 500, (sent[:100], answer.text)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/runs?after=%00",
        "/v1/runs?after=%ed%a0%80",
        "/v1/runs?dataset=%00",
        "/v1/runs?tag=%00:%00",
        "/v1/runs?tag=a:%00",
        "/v1/runs/%00",
        "/v1/runs/%ff",
        "/v1/runs/run_0%00",
        "/v1/runs/run_" + "0" * 100,
        "/v1/runs/..%2f..%2fetc%2fpasswd",
        "/v1/datasets/%00",
        "/v1/datasets?after=%00",
        "/v1/runs/run_0/events?after=-1",
        "/v1/runs/run_0/events?after=9223372036854775808",
        "/v1/runs/run_0/loss-history?from_step=9223372036854775808",
        "/v1/runs/run_0/loss-history?to_step=1e3",
        "/v1/runs/run_0/metrics?from_step=NaN",
        "/%00",
        "/%ff",
        "/v1/datasets/ds_0/preview?limit=0",
    ],
)
def test_hostile_paths_and_queries(idle: Api, path: str) -> None:
    """No path and no query makes a route fail: each is refused with 4xx."""
    idle.create(tags={"a": "b"})
    assert 400 <= idle.get(path).status_code < 500


class TestRoutes:
    """Routes and methods that are not there."""

    @pytest.mark.parametrize(
        "path", ["/nowhere", "/v1", "/v1/", "/v1/runs/", "/v3/models", "/v1/runs/run_0/nothing", "//v1/runs"]
    )
    def test_unknown_route(self, idle: Api, path: str) -> None:
        """A route that is not there is 404, and named; nothing is redirected."""
        answer = idle.get(httpx.URL(idle.base_url).copy_with(raw_path=path.encode()))
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"there is no route {path}"

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/v1/runs", "GET, HEAD, POST"),
            ("POST", "/v1/runs/run_0", "DELETE, GET, HEAD, PATCH"),
            ("GET", "/v1/runs/run_0/cancel", "POST"),
            ("DELETE", "/v1/datasets", "GET, HEAD, POST"),
            ("POST", "/healthz", "GET, HEAD"),
            ("POST", "/docs", "GET, HEAD"),
        ],
    )
    def test_wrong_method(self, idle: Api, method: str, path: str, allowed: str) -> None:
        """A method that a route does not have is 405, and Allow names all that it has."""
        answer = idle.request(method, path)
        assert answer.status_code == 405
        assert answer.json()["detail"] == f"{method} is not allowed on {path}"
        assert answer.headers["Allow"] == allowed

    @pytest.mark.parametrize("path", ["", "/loss-history", "/metrics", "/events", "/checkpoints"])
    def test_unknown_run(self, idle: Api, path: str) -> None:
        """A run that is not there is 404, under all its routes."""
        answer = idle.get(f"/v1/runs/run_0{path}")
        assert answer.status_code == 404
        assert (answer.json()["code"], answer.json()["detail"]) == ("not_found", "there is no run 'run_0'")


class TestUnexpected:
    """Exceptions that nobody expected."""

    SECRET = "postgresql://admin:hunter2@db/prod"  # noqa: S105 (a canary)

    def fail(self, *_: object) -> None:
        """Stand in for a use case and fail with details that are nobody's business."""
        raise RuntimeError(f"no such table: runs, in /srv/postgrad/store.py, of {self.SECRET}")

    def test_tells_the_client_nothing(
        self, idle: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A mistake of the server is 500 without trace, SQL, path or secret; the request id leads to them in the log."""
        monkeypatch.setattr(routes, "submit", self.fail)
        with caplog.at_level(logging.ERROR), httpx.Client(base_url=idle.base_url) as client:
            answer = client.post("/v1/runs", json=RUN)
        problem = strict_json(answer.text)
        assert answer.status_code == 500
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert problem == {
            "type": "/problems/internal_error",
            "title": "Internal error",
            "status": 500,
            "detail": "the server made a mistake; the request id finds it in the log",
            "instance": "/v1/runs",
            "code": "internal_error",
            "request_id": answer.headers["X-Request-ID"],
            "retryable": False,
        }
        assert problem["request_id"] in caplog.text
        assert self.SECRET in caplog.text

    def test_keeps_the_clients_request_id(self, idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also then, the client's own request id comes back."""
        monkeypatch.setattr(routes, "submit", self.fail)
        with httpx.Client(base_url=idle.base_url) as client:
            answer = client.post("/v1/runs", json=RUN, headers={"X-Request-ID": "mine-1"})
        assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "mine-1"

    def test_server_goes_on(self, idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """After a mistake the server answers the next request."""
        monkeypatch.setattr(routes, "submit", self.fail)
        with httpx.Client(base_url=idle.base_url) as client:
            client.post("/v1/runs", json=RUN)
        monkeypatch.undo()
        assert idle.post("/v1/runs", json=RUN).status_code == 202

    def test_busy_database(self, idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """A busy database is 503, retryable, and says when to try again."""

        def busy(*_: object) -> None:
            raise errors.Busy("the database cannot be used now: database is locked")

        monkeypatch.setattr(routes, "submit", busy)
        answer = idle.post("/v1/runs", json=RUN)
        assert answer.status_code == 503
        assert (answer.json()["code"], answer.json()["retryable"], answer.headers["Retry-After"]) == ("busy", True, "1")


class TestTable:
    """The one table from error to status."""

    def test_every_error_of_the_service_has_a_status(self) -> None:
        """Each error that a request can meet has a status with a title, and a code of its own."""
        starting = {errors.NewerDatabase, errors.DataDirectoryInUse, errors.NoKey}  # end the program before it serves
        kinds = set(_below(ServiceError)) - starting
        for kind in kinds:
            assert next(STATUS[base] for base in kind.__mro__ if base in STATUS) in TITLES
        codes = [kind.code for kind in kinds]
        assert len(codes) == len(set(codes))

    def test_errors_of_the_core_are_the_clients(self, idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """Data that the core cannot use is 422."""

        def refuse(*_: object) -> None:
            raise DataError("all examples are of one class")

        monkeypatch.setattr(routes, "submit", refuse)
        answer = idle.post("/v1/runs", json=RUN)
        assert (answer.status_code, answer.json()["detail"]) == (422, "all examples are of one class")

    def test_codes_have_titles(self) -> None:
        """Every status that has a code has a title."""
        assert set(CODES) <= set(TITLES)


def _below(kind: type[ServiceError]) -> list[type[ServiceError]]:
    return [found for child in kind.__subclasses__() for found in (child, *_below(child))]
