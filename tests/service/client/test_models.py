"""Both clients: named models."""

import numpy as np
import pytest

from service.client import Client, ConflictError, InvalidRequestError, NotFoundError

POINTS = [[0.5, 0.2], [-0.3, 0.4]]


def test_named_models(client: Client) -> None:
    """Promote two runs, ask by name, by alias and by version, and take it all away again."""
    runs = [
        client.runs.create(dataset="spiral", model="softmax", training={"steps": 20, "seed": seed})["id"] for seed in (1, 2)
    ]
    for run_id in runs:
        client.runs.wait(run_id, timeout=60)
    assert client.models.set_alias("flowers", "production", runs[0], "best")["version"] == 1
    assert client.models.set_alias("flowers", "next", runs[1])["version"] == 2
    assert "flowers" in [model["id"] for model in client.models.list(limit=1)]
    assert client.models.page(after="flower", limit=1)["data"] == [client.models.get("flowers")]
    assert client.models.get("flowers")["aliases"] == {"next": 2, "production": 1}

    assert client.models.predict("flowers", POINTS)["run"] == runs[0]
    assert client.models.predict("flowers", np.array(POINTS), alias="next")["run"] == runs[1]
    assert client.models.predict("flowers", POINTS, version=2)["version"] == 2
    with pytest.raises(NotFoundError, match="flowers"):
        client.models.predict("flowers", POINTS, version=3)
    with pytest.raises(InvalidRequestError, match="ids of runs"):
        client.models.set_alias("run_1", "production", runs[0])
    with pytest.raises(ConflictError, match="flowers"):
        client.runs.delete(runs[0])

    client.models.delete_alias("flowers", "production")
    assert client.models.get("flowers")["served"] == 2
    client.models.delete_version("flowers", 1)
    client.runs.delete(runs[0])
    client.models.delete("flowers")
    with pytest.raises(NotFoundError):
        client.models.get("flowers")
