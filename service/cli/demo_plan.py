"""What the demo trains."""

from dataclasses import dataclass
from pydoc_data.topics import topics
from typing import TYPE_CHECKING, Any

from service.cli.demo_server import ROOT
from service.cli.show import Object

if TYPE_CHECKING:
    from service.client import Client

SPIRAL = {"kind": "spiral"}  # its defaults are the course's, point for point
TEXT_LENGTH = 200_000
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
        key: Plan(title, "spiral", _body(title, SPIRAL, model, _sgd(1.0), {"steps": steps}))
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
    return {"iris": Plan(title, IRIS.name, _body(title, dataset, model, _sgd(0.5), training))}


def python_help() -> str:
    """Return the beginning of the language reference that every Python carries for `help()`, as plain running text."""
    text = " ".join(" ".join(topics[name] for name in sorted(topics)).split())
    return "".join(filter(str.isascii, text))[:TEXT_LENGTH]


def reader(client: "Client") -> dict[str, Plan]:
    """Keep that text and return a character RNN that reads it in eight streams."""
    dataset = {"kind": "stored", "id": client.datasets.create({"kind": "text", "text": python_help()}, name="help()")["id"]}
    model = {"kind": "char_rnn", "hidden_size": 128, "init": "xavier"}
    optimizer = {"kind": "adam", "learning_rate": 0.008, "clip": 1.0, "schedule": {"kind": "cosine", "final": 0.05}}
    training = {"steps": 4000, "batch_size": 8, "validation_fraction": 0.05}
    title = "character RNN"
    return {"rnn": Plan(title, "help()", _body(title, dataset, model, optimizer, training))}


def _sgd(learning_rate: float) -> dict[str, Any]:
    return {"kind": "sgd", "learning_rate": learning_rate}


def _body(
    title: str, dataset: dict[str, Any], model: dict[str, Any], optimizer: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    return {
        "name": f"demo: {title}",
        "dataset": dataset,
        "model": model,
        "optimizer": optimizer,
        "training": training,
    }
