"""Every route and mount, asked without a key, with bad ones, without the scope, and about what belongs to another key."""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from service.actor import Permission
from service.api.openinference.protocol import ROUTES as OPEN_INFERENCE
from service.domain import new_id, now
from service.runs import api_keys
from service.store import tables
from tests.service.api.conftest import SPIRAL, Api, serving

READ, TRAIN, ADMIN = Permission
MLFLOW = "/api/2.0/mlflow"
RUN_BODY = {"model": {"kind": "softmax"}, "training": {"steps": 5}}
BODIES: dict[str, Any] = {
    "/v1/runs/{run_id}/extend": {"steps": 400},
    "/v1/runs/{run_id}/predict": {"inputs": [[0.0, 0.0]]},
    "/v1/models/{name}/predict": {"inputs": [[0.0, 0.0]]},
    "/v1/models/{name}/aliases/{alias}": {"run": "{run_id}"},
    "/v1/datasets/preview": {"parameters": SPIRAL},
    "/v1/runs": {"dataset": {"kind": "stored", "id": "{dataset_id}"}, **RUN_BODY},
    "/v1/runs/validate": {"dataset": {"kind": "stored", "id": "{dataset_id}"}, **RUN_BODY},
    "/v2/models/{name}/infer": {"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [0, 0]}]},
    "/v2/models/{name}/versions/{version}/infer": {
        "inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP64", "data": [0, 0]}]
    },
    f"{MLFLOW}/runs/search": {"experiment_ids": ["0"]},
}

PLOTLY = "GET /web/plotly/{version}/plotly.min.js"
PAGE = {"GET /", "GET /web/{path:path}", PLOTLY}
PUBLIC = {"GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs", "GET /docs/{file}", *PAGE}
OF_ALL = {  # tells nothing that belongs to one
    "GET /v1/info": READ,
    "GET /metrics": READ,
    "GET /v2": READ,
    "GET /v2/health/live": READ,
    "GET /v2/health/ready": READ,
    "POST /v1/datasets": TRAIN,
    "POST /v1/datasets/preview": READ,
    "POST /v1/datasets/upload": TRAIN,
    "POST /v1/api-keys": ADMIN,
    "GET /v1/api-keys": ADMIN,
    f"GET {MLFLOW}/experiments/get": READ,
    f"GET {MLFLOW}/experiments/get-by-name": READ,
    f"POST {MLFLOW}/experiments/search": READ,
    f"POST {MLFLOW}/logged-models/search": READ,
    **{f"{method} {MLFLOW}/{{path:path}}": TRAIN for method in ("POST", "PUT", "PATCH", "DELETE")},
    f"GET {MLFLOW}/{{path:path}}": READ,
    **{f"{method} {MLFLOW}-artifacts/artifacts/{{path:path}}": TRAIN for method in ("POST", "PUT", "PATCH", "DELETE")},
}
LISTS = {  # what belongs to another is not among it
    "GET /v1/runs": READ,
    "GET /v1/datasets": READ,
    "GET /v1/models": READ,
    "GET /v1/queue": READ,
    "GET /v1/usage": READ,
    "GET /v2/models/stats": READ,
    "POST /v2/repository/index": READ,
    f"POST {MLFLOW}/runs/search": READ,
}
IN_BODY = {"POST /v1/runs": TRAIN, "POST /v1/runs/validate": READ}  # what belongs to another is 422, as what is missing
BY_ID = {  # what belongs to another is 404, as what is missing
    **{f"GET /v1/datasets/{{dataset_id}}{end}": READ for end in ("", "/preview", "/plot.svg")},
    "DELETE /v1/datasets/{dataset_id}": TRAIN,
    **{
        f"GET /v1/runs/{{run_id}}{end}": READ
        for end in (
            *(
                "",
                "/loss-history",
                "/loss-history.{suffix}",
                "/loss-history/plot.svg",
                "/plot.svg",
                "/metrics",
                "/boundary.svg",
            ),
            *("/metrics.{suffix}", "/decision-boundary", "/events", "/checkpoints", "/diagnostics", "/export"),
        )
    },
    **{f"POST /v1/runs/{{run_id}}/{verb}": READ for verb in ("predict", "evaluate", "generate")},
    **{f"POST /v1/runs/{{run_id}}/{verb}": TRAIN for verb in ("cancel", "pause", "resume", "extend", "fork", "verify")},
    "PATCH /v1/runs/{run_id}": TRAIN,
    "DELETE /v1/runs/{run_id}": TRAIN,
    "PUT /v1/models/{name}/aliases/{alias}": TRAIN,
    "DELETE /v1/models/{name}/aliases/{alias}": TRAIN,
    "DELETE /v1/models/{name}/versions/{version}": TRAIN,
    "DELETE /v1/models/{name}": TRAIN,
    "GET /v1/models/{name}": READ,
    "POST /v1/models/{name}/predict": READ,
    "GET /v1/api-keys/{key_id}": ADMIN,
    "DELETE /v1/api-keys/{key_id}": ADMIN,
    **{
        f"{method} /v2/models/{{name}}{middle}{end}": READ
        for method, end in (("POST", "/infer"), ("GET", ""), ("GET", "/ready"), ("GET", "/config"), ("GET", "/stats"))
        for middle in ("", "/versions/{version}")
    },
    f"GET {MLFLOW}/runs/get": READ,
    f"GET {MLFLOW}/metrics/get-history": READ,
    f"GET {MLFLOW}/artifacts/list": READ,
    f"GET {MLFLOW}-artifacts/artifacts": READ,
    f"GET {MLFLOW}-artifacts/artifacts/{{path:path}}": READ,
}
NEEDS = {**OF_ALL, **LISTS, **IN_BODY, **BY_ID}
QUERIES = {
    f"{MLFLOW}/runs/get": {"run_id": "{run_id}"},
    f"{MLFLOW}/metrics/get-history": {"run_id": "{run_id}", "metric_key": "loss"},
    f"{MLFLOW}/artifacts/list": {"run_id": "{run_id}"},
    f"{MLFLOW}-artifacts/artifacts": {"path": "{run_id}"},
}


def declared(routes: Sequence[Any]) -> Iterator[str]:
    """Yield method and path of everything that an application answers, its included routers gone through."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from declared(route.original_router.routes)
        else:
            assert route.path, f"a mount of a kind that this test does not know: {route}"
            yield from (f"{method} {route.path}" for method in route.methods - {"HEAD"})


@dataclass
class Guarded:
    """A server with keys, and what belongs to alice on it."""

    api: Api
    secrets: dict[str, str]
    ids: dict[str, str]

    def ask(self, route: str, who: str | None, **ids: str) -> httpx.Response:
        """Send what a route takes, with the ids of alice's things or others."""
        method, path = route.split(" ")
        known = {**self.ids, **ids}
        below = "js/main.js" if path.startswith("/web/") else "{run_id}/loss-history.json"
        url = re.sub(r"{(\w+)}", lambda found: known[found[1]], path.replace("{path:path}", below))
        params = {name: value.format(**known) for name, value in QUERIES.get(path, {}).items()}
        content = None
        headers = {} if who is None else {"Authorization": f"Bearer {self.secrets.get(who, who)}"}
        if method != "GET":
            content = str(BODIES.get(path, {})).replace("'", '"')
            for name, value in known.items():
                content = content.replace(f"{{{name}}}", value)
            headers["Content-Type"] = "application/json"
        with httpx.Client(base_url=self.api.base_url, timeout=30) as client:
            return client.request(method, url, params=params, headers=headers, content=content)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Run a server, make keys, and let alice train, upload and promote."""
    with serving(tmp_path_factory.mktemp("keys"), workers=1, commit_interval_seconds=0.05) as api:
        database = api.app.state.parts.database
        secrets, ids = {}, {}
        for name, scope in (("admin", ADMIN), ("alice", TRAIN), ("bob", TRAIN), ("reader", READ), ("expired", ADMIN)):
            key, secrets[name] = api_keys.create(database, api_keys.KeyRequest(name=name, scopes=[scope]))
            ids[name] = key.id
        past = (
            update(tables.api_keys)
            .where(tables.api_keys.c.id == ids["expired"])
            .values(expires_at=now() - timedelta(seconds=1))
        )
        database.write(lambda db: db.execute(past))
        api.headers["Authorization"] = f"Bearer {secrets['alice']}"
        dataset = api.post("/v1/datasets", json={"parameters": SPIRAL, "name": "alices"}).json()["id"]
        run = api.ended("softmax", dataset={"kind": "stored", "id": dataset}, name="alices", training={"steps": 20})["id"]
        assert api.put("/v1/models/alices/aliases/production", json={"run": run}).status_code == 201
        known = {"run_id": run, "dataset_id": dataset, "name": "alices", "alias": "production", "version": "1"}
        yield Guarded(api, secrets, {**known, "suffix": "csv", "file": "swagger-ui.css", "key_id": ids["reader"], **ids})


def test_every_route_has_a_row(guarded: Guarded) -> None:
    """A new route or mount fails here until it stands in one of the tables above."""
    found = set(declared(guarded.api.app.routes)) | {f"{route.method} {route.path}" for route in OPEN_INFERENCE}
    assert found == set(NEEDS) | PUBLIC


@pytest.mark.parametrize("route", sorted(NEEDS))
@pytest.mark.parametrize("who", [None, "nonsense", "pg_" + "0" * 40, "expired"])
def test_without_a_key(guarded: Guarded, route: str, who: str | None) -> None:
    """No key, none of ours, one that is unknown, one that has expired: 401 in the shape of the protocol, and nothing else."""
    answer = guarded.ask(route, who)
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    _check_shape(answer, "UNAUTHENTICATED")


def _check_shape(answer: httpx.Response, mlflow: str) -> None:
    path, body = answer.url.path, answer.json()
    if f"{path}/".startswith("/v2/"):
        assert list(body) == ["error"]
    elif path.startswith(MLFLOW):
        assert body["error_code"] == mlflow
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert body["status"] == answer.status_code
        assert body["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("route", sorted(PUBLIC))
def test_what_needs_no_key(guarded: Guarded, route: str) -> None:
    """Probes, the page and the description of the API are for everybody."""
    ids = {"version": version("plotly")} if route == PLOTLY else {}
    for who in (None, "expired"):
        assert guarded.ask(route, who, **ids).status_code == 200


def test_what_is_not_there_needs_a_key_too(guarded: Guarded) -> None:
    """Without a key, nobody learns which routes there are."""
    for path in ("/v1/nothing", "/nothing", "/v2/nothing", "/docsx", "/webx", "/HEALTHZ", "/healthz/"):
        assert guarded.ask(f"GET {path}", None).status_code == 401, path


@pytest.mark.parametrize("route", sorted(route for route, needs in NEEDS.items() if needs is not READ))
def test_without_the_scope(guarded: Guarded, route: str) -> None:
    """A key without the scope gets 403, which names the scope; nothing is changed."""
    for who in ("reader", "alice") if NEEDS[route] is ADMIN else ("reader",):
        answer = guarded.ask(route, who)
        assert answer.status_code == 403, answer.text
        assert f"the scope {NEEDS[route]}" in answer.text
        _check_shape(answer, "PERMISSION_DENIED")
    assert guarded.ask("GET /v1/runs/{run_id}", "alice").json()["status"] == "succeeded"


MISSING = {"run_id": new_id("run"), "dataset_id": new_id("ds"), "name": "nobodys", "key_id": new_id("key")}


@pytest.mark.parametrize("route", sorted({**BY_ID, **IN_BODY}))
def test_what_belongs_to_another_is_not_there(guarded: Guarded, route: str) -> None:
    """With another key, whatever its scope, the answer is that for what is missing, word for word; nothing is changed."""
    if NEEDS[route] is ADMIN:
        assert guarded.ask(route, "admin", key_id=MISSING["key_id"]).status_code == 404
        return
    for who in ("bob", "reader") if NEEDS[route] is READ else ("bob",):
        foreign, missing = guarded.ask(route, who), guarded.ask(route, who, **MISSING)
        assert foreign.status_code == (422 if route in IN_BODY else 404), foreign.text
        assert foreign.status_code == missing.status_code
        assert _words(foreign, guarded.ids) == _words(missing, MISSING)
        assert foreign.headers.keys() == missing.headers.keys()
    assert guarded.ask("GET /v1/models/{name}", "alice").status_code == 200


def _words(answer: httpx.Response, ids: dict[str, str]) -> str:
    text = answer.text.replace(answer.headers["X-Request-ID"], "")
    for name in ("run_id", "dataset_id", "name"):
        text = text.replace(ids[name], f"<{name}>")
    return text


@pytest.mark.parametrize("route", sorted(LISTS))
def test_lists_leave_out_what_belongs_to_another(guarded: Guarded, route: str) -> None:
    """Neither an id nor a name of it is told; an admin sees it where it is listed."""
    guarded.ask("POST /v2/models/{name}/infer", "alice")
    for who in ("bob", "reader"):
        answer = guarded.ask(route, who)
        assert answer.status_code == 200, answer.text
        assert not [word for word in ("alices", guarded.ids["run_id"], guarded.ids["dataset_id"]) if word in answer.text]
    if route not in ("GET /v1/queue", "GET /v1/usage", "GET /v2/models/stats"):
        assert "alices" in guarded.ask(route, "admin").text


def test_the_owner_gets_in(guarded: Guarded) -> None:
    """The same requests with the right key are answered, so the refusals above are for the key."""
    for route in (route for route in NEEDS if route.startswith("GET") and NEEDS[route] is READ and "path:path" not in route):
        params = {"path": "{run_id}"} if "artifacts" in route else {}
        answer = guarded.ask(route, "alice", **params)
        assert answer.status_code in (200, 400, 422), (route, answer.text)
    for who in ("alice", "admin"):
        assert guarded.ask("POST /v2/models/{name}/infer", who).status_code == 200
        assert guarded.ask("POST /v1/runs/{run_id}/predict", who).status_code == 200


def test_basic_carries_a_key_as_password(guarded: Guarded) -> None:
    """The client of MLflow sends user and password: the password is the key."""
    for user, password, status in (("anybody", "alice", 200), ("alice", "expired", 401), ("x", "nonsense", 401)):
        token = base64.b64encode(f"{user}:{guarded.secrets.get(password, password)}".encode()).decode()
        answer = httpx.get(f"{guarded.api.base_url}/v1/runs", headers={"Authorization": f"Basic {token}"})
        assert answer.status_code == status
    for bad in (
        "Basic",
        "Basic ###",
        "Bearer",
        "Negotiate x",
        "Bearer " + "x" * 5000,
        "Basic " + base64.b64encode(b"\xff").decode(),
    ):
        assert httpx.get(f"{guarded.api.base_url}/v1/runs", headers={"Authorization": bad}).status_code == 401
