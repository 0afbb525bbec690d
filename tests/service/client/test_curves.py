"""Both clients: curves with fewer points, and decision boundaries."""

import pytest

from service.client import Client, ConflictError, InvalidRequestError


def test_curves_and_boundaries(client: Client) -> None:
    """A choice of points has the ends of the curve; the boundary says what predict says; refusals are exceptions."""
    plan = {"steps": 100, "log_every": 1}
    run_id = client.runs.create(dataset="spiral", model="softmax", training=plan)["id"]
    client.runs.wait(run_id, timeout=60)
    for curve in (client.runs.loss_history, client.runs.metrics):
        whole, part = curve(run_id), curve(run_id, max_points=20)
        assert (len(whole["steps"]), whole["downsampled"], part["downsampled"]) == (101, False, True)
        assert (part["steps"][0], part["steps"][-1], part["total_points"]) == (0, 100, 101)
        assert len(part["steps"]) <= 20
        assert curve(run_id, 50, 60)["steps"] == list(range(50, 61))

    found = client.runs.decision_boundary(run_id, checkpoint=100, resolution=5, margin=0.5)
    rows = [[x, y] for y in found["y"] for x in found["x"]]
    assert [k for row in found["predicted"] for k in row] == client.runs.predict(run_id, rows)["labels"]
    assert len(client.runs.decision_boundary(run_id)["x"]) == 100
    with pytest.raises(InvalidRequestError, match=r"query\.resolution"):
        client.runs.decision_boundary(run_id, resolution=1)

    text = client.runs.create(dataset={"kind": "text", "text": "hello " * 30}, model="char_rnn", training={"steps": 2})["id"]
    client.runs.wait(text, timeout=60)
    with pytest.raises(ConflictError, match="no decision boundary"):
        client.runs.decision_boundary(text)
