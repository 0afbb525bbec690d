"""How many requests may take much memory at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.routing import APIRoute

from service.api import boundary, datasets, diagnostics, export, models, sketch
from service.api.large import LARGE
from service.api.mlflow import artifacts
from service.runs.sketch import sketch as make
from service.settings import Settings
from tests.service.api.conftest import Api

ASKED = {"parameters": {"kind": "moons"}, "limit": 1}
AT_ONCE = Settings.model_fields["max_costly_requests"].default
MANY = 3 * AT_ONCE


def test_a_few_at_a_time(idle: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond wait for their turn and are answered; others are not held up by them."""
    lock, inside, most = threading.Lock(), 0, 0
    full, go = threading.Event(), threading.Event()

    def slow(*given: Any) -> Any:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            if inside == AT_ONCE:
                full.set()
        assert go.wait(30)
        with lock:
            inside -= 1
        return make(*given)

    monkeypatch.setattr(sketch, "sketch", slow)
    with ThreadPoolExecutor(MANY) as threads:
        asked = [threads.submit(idle.post, "/v1/datasets/preview", json=ASKED) for _ in range(MANY)]
        assert full.wait(30)
        assert idle.get("/v1/runs").status_code == 200  # while none of them goes on
        time.sleep(0.3)  # nobody tells who is held back: whoever is not is inside by now, or this test sees less
        go.set()
        assert [answer.result().status_code for answer in asked] == [200] * MANY
    assert most == AT_ONCE


def test_a_refusal_gives_its_turn_back(idle: Api) -> None:
    """What fails has had its turn too."""
    for _ in range(2 * AT_ONCE):
        assert idle.get("/v1/datasets/ds_0/preview").status_code == 404
    assert idle.post("/v1/datasets/preview", json=ASKED).status_code == 200


def test_whatever_reads_a_whole_dataset_or_model_has_it() -> None:
    """Every route that does."""
    routers = (boundary.router, datasets.router, datasets.uploads, diagnostics.router, export.router, models.router)
    found = {
        (*(route.methods or ()), route.path.rpartition("/")[2])
        for router in (*routers, sketch.router, artifacts.router)
        for route in router.routes
        if isinstance(route, APIRoute) and LARGE.dependency in {needed.call for needed in route.dependant.dependencies}
    }
    assert found == {
        *(("GET", "decision-boundary"), ("GET", "boundary.svg"), ("GET", "diagnostics"), ("GET", "export")),
        *(("POST", "datasets"), ("POST", "upload"), ("POST", "preview"), ("GET", "preview"), ("GET", "plot.svg")),
        *(("POST", "evaluate"), ("GET", "{path:path}")),
    }
