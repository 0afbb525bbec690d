"""GET /v1/runs with `filter` and `order_by`."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service.api.conftest import Api, serving

SPEEDS = (0.1, 0.001, 1.0, 0.01)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, list[str]]]:
    """Train four runs that learn at different speeds; one more has ended without a metric."""
    with serving(tmp_path_factory.mktemp("search"), workers=2, commit_interval_seconds=0.05) as api:
        ids = [
            api.ended(
                "mlp" if speed > 0.05 else "softmax",
                name=f"speed {speed}",
                optimizer={"kind": "sgd", "learning_rate": speed},
                training={"steps": 20},
                tags={"it's": "a `tag`"} if speed == 1.0 else {},
            )["id"]
            for speed in SPEEDS
        ]
        api.app.state.parts.dispatcher.stop()
        ids.append(api.create())
        yield api, ids


def _ids(api: Api, **query: Any) -> list[str]:
    answer = api.get("/v1/runs", params=query)
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()["data"]]


def test_filter(trained: tuple[Api, list[str]]) -> None:
    """A filter finds the runs for which all of its conditions hold; beside it the other parameters hold too."""
    api, ids = trained
    assert _ids(api, filter="optimizer.learning_rate >= 0.1") == [ids[4], ids[2], ids[0]]  # the default is 1
    assert _ids(api, filter="optimizer.learning_rate >= 0.1 and metrics.loss < 10") == [ids[2], ids[0]]
    assert _ids(api, filter="params.`model.kind` = 'mlp' AND status = 'succeeded'") == [ids[2], ids[0]]
    assert _ids(api, filter="tags.\"it's\" = 'a `tag`'") == [ids[2]]
    assert _ids(api, filter="name LIKE 'speed 0.0%'", order="asc") == [ids[1], ids[3]]
    assert _ids(api, filter="metrics.loss IS NULL") == [ids[4]]
    assert _ids(api, filter="optimizer.learning_rate >= 0.1", model="softmax") == [ids[4]]
    assert _ids(api, filter="") == ids[::-1]
    losses = {run_id: api.run(run_id)["metrics"]["loss"]["last"] for run_id in ids[:4]}
    below = sorted(losses.values())[1]
    assert set(_ids(api, filter=f"metrics.loss <= {below!r}")) == {run_id for run_id, loss in losses.items() if loss <= below}


def test_order_by(trained: tuple[Api, list[str]]) -> None:
    """Runs come in the order of a metric, whichever way; one without it comes last."""
    api, ids = trained
    losses = {run_id: api.run(run_id)["metrics"]["loss"]["last"] for run_id in ids[:4]}
    ranked = sorted(losses, key=lambda run_id: losses[run_id])
    assert _ids(api, order_by="metrics.loss") == [*ranked, ids[4]]
    assert _ids(api, order_by="metrics.loss DESC") == [*ranked[::-1], ids[4]]
    assert _ids(api, order_by=["model.kind", "optimizer.learning_rate DESC"]) == [ids[2], ids[0], ids[4], ids[3], ids[1]]


def test_pages(trained: tuple[Api, list[str]]) -> None:
    """Following the Link header or `next_after` gives every run once, in order."""
    api, ids = trained
    whole = _ids(api, order_by="metrics.loss DESC", filter="run_id != 'x'")
    url: str | None = "/v1/runs?order_by=metrics.loss%20DESC&filter=run_id%20!=%20'x'&limit=2"
    walked = []
    while url:
        page = api.get(url)
        walked += [run["id"] for run in page.json()["data"]]
        assert page.json()["has_more"] == (page.json()["next_after"] is not None) == ("next" in page.links)
        url = page.links.get("next", {}).get("url")
    assert walked == whole
    assert len(whole) == len(ids)


BAD = [
    ({"filter": "metrics.val_acc > 0.9"}, "filter", "filter, at character 1: expected a series, one of loss, data_loss"),
    ({"filter": "status = 'x'; DROP TABLE runs"}, "filter", "filter, at character 13: expected a field"),
    ({"filter": "name = 'a\0'"}, "filter", "filter, at character 10: '\\x00' cannot stand in it"),
    ({"filter": "a" * 10_000}, "filter", "filter has 10000 characters, must have at most 5000"),
    ({"filter": "(" * 4000}, "filter", "filter, at character 1: expected a field"),
    ({"filter": " and ".join(["tags.x = ''"] * 51)}, "filter", "filter has more than 50 conditions"),
    ({"order_by": "metrics.loss SIDEWAYS"}, "order_by", "order_by, at character 14: expected ASC, DESC or the end"),
    ({"order_by": ["metrics.loss"] * 6}, "order_by", "order_by has 6 keys, must have at most 5"),
    ({"order_by": "metrics.loss", "after": "run_1"}, "after", "after is not what a page of this order gave for the next one"),
    ({"order_by": "metrics.loss", "after": "at_AAAA"}, "after", "after is not what a page of this order gave"),
    ({"after": "at_AAAA"}, "after", "after is a place in an order, but there is no order_by"),
    ({"after": "at_" + "A" * 20_000}, "after", "query.after is"),
]


@pytest.mark.parametrize(("query", "field", "detail"), BAD, ids=lambda value: str(value)[:40])
def test_bad_query(idle: Api, query: dict[str, Any], field: str, detail: str) -> None:
    """A filter, order or place that cannot be used is refused: 422, with where and why."""
    answer = idle.get("/v1/runs", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"#/query/{field}"
    assert answer.json()["detail"].startswith(detail)
