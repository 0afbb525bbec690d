"""Bytes of names and of pages: nothing is copied, read or answered without a limit."""

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import text, update

from service.domain import RunStatus
from service.runs import queue
from service.settings import Settings
from service.store import tables
from service.store.unit import Database
from tests.service.api.conftest import SPIRAL, Api, serving

EMOJI = "\N{SNOWMAN WITHOUT SNOW}"
SOFTMAX = {"model": {"kind": "softmax"}, "training": {"steps": 10}}


def wide(names: list[str]) -> bytes:
    """Return an NPZ of four examples with these features."""
    file = io.BytesIO()
    np.savez_compressed(file, X=np.zeros((4, len(names))), y=np.array([0, 1, 0, 1]), feature_names=np.array(names))
    return file.getvalue()


def upload(api: Api, names: list[str]) -> Any:
    """Upload such a file."""
    return api.post("/v1/datasets/upload", files={"file": ("wide.npz", wide(names))})


def of(dataset: str, **more: Any) -> dict[str, Any]:
    """Return the request for a run on a kept dataset."""
    return {"dataset": {"kind": "stored", "id": dataset}, **SOFTMAX, **more}


def walk(api: Api, path: str, most_bytes: int, **query: Any) -> list[str]:
    """Follow the pages of a list to its end; each is within the limit, or has one row. Return the ids."""
    found: list[str] = []
    url = str(httpx.URL(path, params={"limit": 1000, **query}))
    while True:
        answer = api.get(url)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["data"]) == 1 or len(answer.content) <= most_bytes
        found += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            return found
        url = answer.links["next"]["url"]


class TestNames:
    """Names of features and classes."""

    def test_too_many_bytes_of_names_are_refused(self, tmp_path: Path) -> None:
        """An upload, a synthetic dataset, a text, and the text of a run: 413 with what came, the limit and the setting."""
        limit = Settings.model_fields["max_names_bytes"].default
        with serving(tmp_path / "default", workers=0) as api:
            refused = upload(api, [f"{i:04}{EMOJI * 196}" for i in range(10_000)])
            assert refused.status_code == 413
            for told in (f"{10_000 * (4 + 3 * 196) + 2:,}", f"{limit:,}", "POSTGRAD_MAX_NAMES_BYTES"):
                assert told in refused.json()["detail"]
            assert upload(api, [f"gene {i:020}" for i in range(10_000)]).status_code == 201  # 250,000 bytes
        with serving(tmp_path / "small", workers=0, max_names_bytes=1024) as api:
            letters = "".join(map(chr, range(0x4E00, 0x4E00 + 400)))  # 1,200 bytes in UTF-8
            requests = (
                ("/v1/datasets", {"parameters": {"kind": "blobs", "features": 400}}),
                ("/v1/datasets", {"parameters": {"kind": "text", "text": letters}}),
                ("/v1/runs", {"dataset": {"kind": "text", "text": letters * 3}, "model": {"kind": "char_rnn"}}),
            )
            for path, body in requests:
                answer = api.post(path, json=body)
                assert (answer.status_code, "POSTGRAD_MAX_NAMES_BYTES" in answer.text) == (413, True), answer.text
            assert api.get("/v1/datasets").json()["data"] == []

    def test_runs_share_the_names_of_their_dataset(self, tmp_path: Path) -> None:
        """100 runs of 10,000 names take less than a megabyte, each is answered with all names, and no page with too many."""
        names = [f"feature {i:012}" for i in range(10_000)]
        with serving(tmp_path, workers=0) as api:
            dataset = upload(api, names).json()["id"]
            before = stored_bytes(api)
            keys = [{"Idempotency-Key": f"key {i}"} for i in range(100)]
            answers = [api.post("/v1/runs", json=of(dataset), headers=key) for key in keys]
            assert {answer.status_code for answer in answers} == {202}
            assert stored_bytes(api) - before < 1_500_000  # at 10 KB a run; the names alone are 230 KB of JSON
            again = api.post("/v1/runs", json=of(dataset), headers=keys[7])
            assert (again.headers["Idempotency-Replayed"], again.text) == ("true", answers[7].text)
            data = {"examples": 4, "features": names, "classes": [0, 1]}
            made = [answer.json()["id"] for answer in answers]
            assert answers[0].json()["data"] == api.run(made[0])["data"] == data
            limit = Settings.model_fields["max_page_bytes"].default
            assert walk(api, "/v1/runs", limit, order="asc") == made
            assert walk(api, "/v1/runs", limit, order="asc", order_by="attributes.created_at DESC") == made[::-1]
            first = api.get("/v1/runs", params={"limit": 100}).json()
            assert 1 < len(first["data"]) < 100
            assert first["data"][0]["data"] == data
            assert len(api.get("/v1/queue").content) < 50_000

    def test_a_run_made_of_another_knows_the_names_too(self, tmp_path: Path) -> None:
        """Predictions, forks and exports of a run on a kept dataset work as before."""
        with serving(tmp_path, workers=1, commit_interval_seconds=0.05) as api:
            dataset = api.post("/v1/datasets", json={"parameters": SPIRAL}).json()
            run = api.ended(dataset={"kind": "stored", "id": dataset["id"]}, training={"steps": 20})
            assert run["data"]["features"] == dataset["features"]
            labels = api.post(f"/v1/runs/{run['id']}/predict", json={"inputs": [[0.1, 0.2]]}).json()["labels"]
            assert set(labels) <= set(dataset["classes"])
            fork = api.post(f"/v1/runs/{run['id']}/fork", json={"overrides": {"optimizer": {"learning_rate": 0.5}}})
            assert fork.json()["data"] == run["data"]
            assert api.get(f"/v1/runs/{run['id']}/export").status_code == 200


def stored_bytes(api: Api) -> int:
    """Return the bytes of the database of a server: its pages in use."""
    database: Database = api.app.state.parts.database

    def pages(db: Any) -> int:
        used, free, size = (
            db.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "freelist_count", "page_size")
        )
        return int((used - free) * size)

    return database.read(pages)


SMALL = 20_000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run a server with small pages that has some of everything."""
    settings = {"workers": 1, "commit_interval_seconds": 0.05, "max_page_bytes": SMALL}
    with serving(tmp_path_factory.mktemp("small"), **settings) as api:
        for seed in range(8):
            parameters = {"kind": "blobs", "features": 50, "points_per_class": 2, "seed": seed}
            assert api.post("/v1/datasets", json={"parameters": parameters}).status_code == 201
        runs = [api.ended(training={"steps": 1}, tags={"of": "x" * 400, "no": str(i % 3)})["id"] for i in range(20)]
        for i in range(60):
            body = {"run": runs[i % 20]}
            assert api.put(f"/v1/models/net-{i:02}/aliases/production", json=body).status_code == 201
        yield api


class TestPages:
    """Lists that end early."""

    @pytest.mark.parametrize(
        ("path", "query", "number"),
        [
            ("/v1/runs", {}, 20),
            ("/v1/runs", {"order": "asc", "filter": "tags.no != '1'"}, 13),
            ("/v1/runs", {"order_by": ["tags.no ASC", "metrics.loss DESC"]}, 20),
            ("/v1/datasets", {}, 8),
            ("/v1/datasets", {"order": "asc"}, 8),
            ("/v1/models", {}, 60),
            ("/v1/models", {"order": "desc"}, 60),
        ],
    )
    def test_pages_end_early_and_skip_nothing(self, small: Api, path: str, query: dict[str, Any], number: int) -> None:
        """Several pages where one was asked for; together they have everything once."""
        ids = walk(small, path, SMALL, **query)
        assert len(ids) == len(set(ids)) == number
        assert small.get(path, params={"limit": 1000, **query}).json()["has_more"]

    def test_pages_of_mlflow(self, small: Api) -> None:
        """The same for its search, whose token leads to the rest."""
        found, token = [], ""
        for _ in range(20):
            body = {"experiment_ids": ["0"], "page_token": token, "order_by": ["metrics.loss DESC"]}
            answer = small.post("/api/2.0/mlflow/runs/search", json=body)
            assert len(answer.content) <= SMALL
            page = answer.json()
            found += [run["info"]["run_id"] for run in page["runs"]]
            if not (token := page.get("next_page_token", "")):
                break
        assert len(found) == len(set(found)) == 20

    def test_one_row_always_comes(self, tmp_path: Path) -> None:
        """A row that is larger than a page may be stands alone on its page."""
        with serving(tmp_path, workers=0, max_page_bytes=1024) as api:
            made = [api.create() for _ in range(3)]
            assert walk(api, "/v1/runs", 1024, order="asc") == made
            assert len(api.get("/v1/runs").json()["data"]) == 1


def test_what_is_not_shown_is_not_read(tmp_path: Path) -> None:
    """Runs with 200 KB each: neither the queue nor the first page of an order brings them all into memory."""
    with serving(tmp_path, workers=0, max_page_bytes=1_000_000) as api:
        made = [api.create() for _ in range(200)]
        database: Database = api.app.state.parts.database
        bulky = {"k": "x" * 200_000}
        database.write(lambda db: db.execute(update(tables.runs).values(tags=bulky)))  # 40 MB in all
        database.write(lambda db: db.execute(update(tables.runs).where(tables.runs.c.id == made[0]).values(status="running")))
        for look, count in (
            (lambda: queue.look(database, 1, 1000).waiting, 199),
            (lambda: api.get("/v1/runs", params={"limit": 1000, "order_by": "run_id ASC"}).json()["data"], 4),
            (lambda: api.get("/v1/runs", params={"limit": 1000}).json()["data"], 4),
        ):
            tracemalloc.start()
            rows = look()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert len(rows) == count
            assert peak < 25e6, f"{peak / 1e6:.0f} MB"  # a chunk of 20 rows, as texts and as objects: 8 MB, an answer: 4 MB
        assert queue.look(database, 1, 1000).running[0].status is RunStatus.RUNNING


def test_runs_that_have_their_names_themselves_are_readable(tmp_path: Path) -> None:
    """What an earlier version stored is answered as it was, whether or not a migration has been there."""
    with serving(tmp_path, workers=0) as api:
        dataset = api.post("/v1/datasets", json={"parameters": SPIRAL}).json()["id"]
        run = api.post("/v1/runs", json=of(dataset)).json()
        database: Database = api.app.state.parts.database
        kept = database.read(lambda db: db.execute(text("SELECT data FROM runs")).scalar_one())
        assert kept == '{"examples": 300}'
        database.write(lambda db: db.execute(update(tables.runs).values(data=run["data"])))
        assert api.run(run["id"])["data"] == run["data"]
