"""What the demo trains."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.cli.demo_server import ROOT
from service.cli.show import Object

if TYPE_CHECKING:
    from service.client import Client

SPIRAL = {"kind": "spiral"}  # its defaults are the course's, point for point
IRIS = ROOT / "examples" / "iris.csv"


@dataclass(frozen=True)
class Plan:
    """A run to train: what people call it, and the request."""

    title: str
    data: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """A run that has ended, with its loss history."""

    plan: Plan
    run: Object
    history: Object

    @property
    def losses(self) -> list[float | None]:
        """The loss at each point of the history; the first is that of the untrained model."""
        found: list[float | None] = self.history["series"].get("loss", [])
        return found


def course() -> dict[str, Plan]:
    """Return the course's models on its spiral: all examples in every step, step size 1, reg 0.001."""
    models = {
        "softmax": ("softmax", {"kind": "softmax", "reg": 0.001}, 200),
        "svm": ("SVM", {"kind": "svm", "reg": 0.001}, 200),
        "net": ("two-layer net", {"kind": "mlp", "hidden_sizes": [100], "reg": 0.001}, 10_000),
    }
    return {
        key: Plan(title, "spiral", _body(title, SPIRAL, model, 1.0, {"steps": steps}))
        for key, (title, model, steps) in models.items()
    }


def table(client: "Client") -> dict[str, Plan]:
    """Upload a real table and return a small net on it, one flower in five held out; nothing where there is no such file."""
    if not IRIS.exists():
        return {}
    dataset = {"kind": "stored", "id": client.datasets.upload(IRIS, label="species")["id"]}
    model = {"kind": "mlp", "hidden_sizes": [10], "reg": 0.001}
    training = {"steps": 500, "validation_fraction": 0.2, "standardize": True}
    title = "net on irises"
    return {"iris": Plan(title, IRIS.name, _body(title, dataset, model, 0.5, training))}


def _body(
    title: str, dataset: dict[str, Any], model: dict[str, Any], learning_rate: float, training: dict[str, Any]
) -> dict[str, Any]:
    return {
        "name": f"demo: {title}",
        "dataset": dataset,
        "model": model,
        "optimizer": {"kind": "sgd", "learning_rate": learning_rate},
        "training": training,
    }
