"""What the protocol tells about a model: metadata, configuration, index."""

from typing import Any

from service.api.openinference.outputs import offered
from service.api.openinference.tensors import INPUT
from service.domain import Checkpoint
from service.runs.predict import Trained
from service.store.registry import NamedModel

PLATFORM = "postgrad_numpy"
EXTENSIONS = ["binary_tensor_data", "classification", "model_configuration", "model_repository", "statistics"]
CONFIG_TYPES = {"BYTES": "TYPE_STRING", "FP32": "TYPE_FP32", "FP64": "TYPE_FP64"}


def metadata(name: str, versions: list[int], model: Trained) -> dict[str, Any]:
    """Return the metadata of a model. FP64 is what it computes with first; it takes any type of number."""
    checkpoint: Checkpoint = model.checkpoint
    return {
        "name": name,
        "versions": [str(version) for version in versions],
        "platform": PLATFORM,
        "inputs": [{"name": INPUT, "datatype": "FP64", "shape": [-1, model.model.n_features]}],
        "outputs": [
            {"name": output.name, "datatype": output.datatype, "shape": list(output.shape)} for output in offered(model)
        ],
        "parameters": {"run": checkpoint.run_id, "checkpoint": checkpoint.id, "step": checkpoint.step},
    }


def configuration(name: str, model: Trained) -> dict[str, Any]:
    """Return the configuration; a batch is the first size of each tensor, so there is no other (`max_batch_size` 0)."""
    return {
        "name": name,
        "platform": PLATFORM,
        "backend": "postgrad",
        "max_batch_size": 0,
        "input": [{"name": INPUT, "data_type": "TYPE_FP64", "dims": [-1, model.model.n_features]}],
        "output": [
            {"name": output.name, "data_type": CONFIG_TYPES[output.datatype], "dims": list(output.shape)}
            for output in offered(model)
        ],
    }


def index_of(model: NamedModel) -> list[dict[str, str]]:
    """Return the lines of the repository's index for a model, one for each version."""
    lines = []
    for version in model.versions:
        text = version.kind == "char_rnn"
        why = f"it writes text: POST /v1/runs/{version.run_id}/generate" if text else ""
        state = "UNAVAILABLE" if text else "READY"
        lines.append({"name": model.name, "version": str(version.version), "state": state, "reason": why})
    return lines
