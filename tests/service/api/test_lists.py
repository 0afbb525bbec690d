"""What holds for every list and every query."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.service.api.conftest import Api

ENVELOPE = {"object", "data", "has_more", "first_id", "last_id"}
WITH_PLACES = ENVELOPE | {"next_after"}  # of runs they may hold values of an order, of checkpoints they are steps


class TestShape:
    """The envelope and the links."""

    @pytest.mark.parametrize("path", ["/v1/runs", "/v1/datasets", "/v1/runs/{id}/events", "/v1/runs/{id}/checkpoints"])
    def test_every_list_has_the_same(self, idle: Api, path: str) -> None:
        """Exactly these members, and a link to the first page."""
        url = path.format(id=idle.create())
        answer = idle.get(url)
        page = answer.json()
        assert set(page) == (WITH_PLACES if path in ("/v1/runs", "/v1/runs/{id}/checkpoints") else ENVELOPE)
        assert page["object"] == "list"
        ids = [item["id"] for item in page["data"]]
        assert (page["first_id"], page["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
        assert answer.links["first"]["url"] == url

    def test_links_keep_the_filters(self, idle: Api) -> None:
        """The links go on with filters, order and size, and the first drops only the place."""
        for _ in range(3):
            idle.create(tags={"links": "yes & no"})
        answer = idle.get("/v1/runs", params={"tag": "links:yes & no", "limit": 1, "order": "asc"})
        second = idle.get(answer.links["next"]["url"])
        assert second.json()["data"][0]["id"] > answer.json()["last_id"]
        first = parse_qs(urlsplit(second.links["first"]["url"]).query)
        assert first == {"tag": ["links:yes & no"], "limit": ["1"], "order": ["asc"]}
        assert idle.get(second.links["first"]["url"]).json()["first_id"] == answer.json()["first_id"]

    def test_in_the_order_of_creation(self, idle: Api) -> None:
        """The newest first, or the oldest."""
        for order in ("desc", "asc"):
            times = [run["created_at"] for run in idle.get("/v1/runs", params={"order": order, "limit": 1000}).json()["data"]]
            assert times == sorted(times, reverse=order == "desc")


class TestFilters:
    """By time and by tag; status, model and dataset are in test_runs.py."""

    def test_by_time(self, idle: Api) -> None:
        """Only what was created after, before, or between; the moment itself is left out."""
        made = [idle.create(tags={"by": "time"}) for _ in range(3)]
        first, second, third = (idle.run(run_id)["created_at"] for run_id in made)

        def found(**times: str) -> list[str]:
            page = idle.get("/v1/runs", params={"tag": "by:time", "order": "asc", **times})
            return [run["id"] for run in page.json()["data"]]

        assert found(created_after=first) == made[1:]
        assert found(created_before=third) == made[:2]
        assert found(created_after=first, created_before=third) == [made[1]]
        zoned = datetime.fromisoformat(second).astimezone().isoformat()
        assert found(created_after=zoned) == [made[2]]

    @pytest.mark.parametrize(
        "moment", ["yesterday", "2026-01-01T00:00:00", "", "2026-13-01T00:00:00Z", "NaN", "1e400", "9999-12-31T23:59:59-12:00"]
    )
    def test_no_times(self, idle: Api, moment: str) -> None:
        """What is no time with a zone is 422, named."""
        answer = idle.get("/v1/runs", params={"created_after": moment})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/query/created_after"

    def test_tags_with_colons(self, idle: Api) -> None:
        """A tag is found whatever colons are in its key or its value."""
        made = {
            tag: idle.create(tags={key: value}) for tag, key, value in [(1, "u:rl", "x"), (2, "u", "rl:y"), (3, "u:r", "l:z")]
        }
        for tag, text in ((1, "u:rl:x"), (2, "u:rl:y"), (3, "u:r:l:z")):
            assert [run["id"] for run in idle.get("/v1/runs", params={"tag": text}).json()["data"]] == [made[tag]]
        assert idle.get("/v1/runs", params={"tag": "u:rl"}).json()["data"] == []


class TestStrictQueries:
    """Query parameters that a route does not take."""

    @pytest.mark.parametrize(
        ("path", "known"),
        [
            ("/v1/runs", {"status", "model", "dataset", "tag", "created_after", "created_before", "after", "limit", "order"}),
            ("/v1/datasets", {"after", "limit", "order"}),
            ("/v1/queue", {"limit"}),
            ("/v1/runs/run_0/events", {"after", "limit"}),
            ("/v1/runs/run_0/loss-history", {"from_step", "to_step"}),
            ("/v1/runs/run_0", set()),
            ("/v1/info", set()),
        ],
    )
    def test_unknown(self, idle: Api, path: str, known: set[str]) -> None:
        """A parameter that is misspelt is named, with those that there are, and the one that was meant if that is plain."""
        answer = idle.get(path, params={"stauts": "x"})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "#/query/stauts"
        assert known <= set(error["allowed"])
        expected = "did you mean status?" if "status" in known else f"expected {', '.join(error['allowed']) or 'none'}"
        assert error["detail"] == f"query.stauts is not a known parameter, {expected}"

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_for_every_method(self, idle: Api, method: str) -> None:
        """Routes that change something are strict too, and change nothing then."""
        run_id = idle.create()
        path = "/v1/runs" if method == "POST" else f"/v1/runs/{run_id}"
        before = idle.get("/v1/runs").json()
        assert idle.request(method, path, params={"dry_run": "true"}, json={}).status_code == 422
        assert idle.get("/v1/runs").json() == before

    def test_twice(self, idle: Api) -> None:
        """A parameter that can come once is refused when it comes twice; tags may."""
        answer = idle.get("/v1/runs?limit=1&limit=2")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["detail"] == "query.limit came 2 times, expected once"
        assert idle.get("/v1/runs?tag=a:b&tag=c:d").status_code == 200

    def test_every_parameter_that_is_documented_is_taken(self, idle: Api) -> None:
        """The strictness knows all parameters that the documentation names."""
        run_id = idle.create()
        for path, methods in idle.openapi["paths"].items():
            names = [item["name"] for item in methods.get("get", {}).get("parameters", ()) if item["in"] == "query"]
            for name in names:
                answer = idle.get(path.format(run_id=run_id, dataset_id="ds_0", suffix="csv"), params={name: "1"})
                assert "not a known parameter" not in answer.text, (path, name)

    def test_other_routes_ignore_them(self, idle: Api) -> None:
        """Health checks and pages take what load balancers and browsers add."""
        assert idle.get("/healthz?x=1").status_code == 200
        assert idle.get("/docs?x=1").status_code == 200
