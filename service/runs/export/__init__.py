"""Write what a run has learned as a file for other programs, also while it still trains."""

from dataclasses import dataclass
from typing import Literal, get_args

from service.runs.control import get
from service.runs.export import npz_file, safetensors_file
from service.runs.export.contents import Contents
from service.runs.predict import ModelCache, trained
from service.store.unit import Database

Format = Literal["npz", "safetensors", "onnx"]
FORMATS: tuple[Format, ...] = get_args(Format)


@dataclass(frozen=True)
class File:
    """A file to hand out."""

    name: str
    content: bytes


def export(database: Database, cache: ModelCache, run_id: str, fmt: Format, checkpoint: str) -> File:
    """Write the model of a run at a checkpoint: its parameters, normaliser, class and feature names, and the spec."""
    model = trained(database, cache, run_id, checkpoint)
    contents = Contents.of(get(database, run_id), model)
    return File(f"{run_id}-step-{model.checkpoint.step}.{fmt}", write(contents, fmt))


def write(contents: Contents, fmt: Format) -> bytes:
    """Return the bytes of a file; equal contents give equal bytes."""
    match fmt:
        case "npz":
            return npz_file.write(contents)
        case "safetensors":
            return safetensors_file.write(contents)
        case "onnx":
            from service.runs.export import onnx_file  # noqa: PLC0415 (20 MB that few servers need)

            return onnx_file.write(contents)
