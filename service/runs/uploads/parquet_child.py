"""The process that unpacks one Parquet file: stdin is the file; stdout becomes NPZ, or JSON that says why not."""

import json
import sys
from typing import BinaryIO

import numpy as np
import polars as pl

from core.types import Array
from service.errors import TooLarge, UploadError
from service.parent import die_with
from service.runs.uploads.labels import label_position
from service.runs.uploads.npz_file import whole
from service.runs.uploads.parquet_file import REFUSED, TIMEOUT_SECONDS
from service.runs.uploads.rules import UploadLimits, check_name, check_names, parsing, short


def main() -> None:
    """Do what the first argument orders: JSON with `label`, `limits` and the pid of the `parent`."""
    order = json.loads(sys.argv[1])
    die_with(order["parent"])
    limits = UploadLimits(**order["limits"])
    restrain(memory_bytes=(1 << 30) + 64 * limits.max_cells)  # 64: the largest table, and room for a few copies of it
    try:
        with parsing("Parquet"):
            arrays = unpack(sys.stdin.buffer, order["label"], limits)
    except TooLarge as error:
        refuse({"code": error.code, "detail": str(error)})
    except UploadError as error:
        field = error.problems[0].path[0]
        refuse({"code": error.code, "detail": str(error), "field": field, "row": error.row, "column": error.column})
    else:
        np.savez(sys.stdout.buffer, **arrays)  # type: ignore[arg-type]  # the stub fears an array called allow_pickle


def refuse(why: dict[str, str | int | None]) -> None:
    """End with the reason on stdout."""
    sys.stdout.write(json.dumps(why))
    sys.exit(REFUSED)


def restrain(memory_bytes: int) -> None:
    """Limit the memory and the CPU time of this process, and let it die without a core dump."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    wanted = {resource.RLIMIT_AS: memory_bytes, resource.RLIMIT_CPU: TIMEOUT_SECONDS, resource.RLIMIT_CORE: 0}
    for limit, value in wanted.items():
        _, hard = resource.getrlimit(limit)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (most, most))


def unpack(source: BinaryIO, label: str | None, limits: UploadLimits) -> dict[str, Array]:
    """Return the arrays of an NPZ file; what is wrong with the sizes and types is said before any page is unpacked."""
    schema = pl.read_parquet_schema(source)
    source.seek(0)
    rows = pl.scan_parquet(source).select(pl.len()).collect().item()
    source.seek(0)
    columns = list(schema)
    if len(columns) < 2:
        raise UploadError(f"there are {len(columns)} columns, at least 2 are needed: a feature and the label")
    limits.check(rows, len(columns) - 1)
    check_names(columns, "column")
    label = columns.pop(label_position(columns, label))
    for name in columns:
        if not (schema[name].is_numeric() or schema[name] == pl.Boolean):
            raise UploadError(f"features must be numbers or booleans, got {short(schema[name])}", column=name)
    frame = pl.read_parquet(source)
    for series in frame:
        if series.null_count():
            row = series.is_null().arg_max()
            raise UploadError("expected a value, got null", row=None if row is None else row + 1, column=series.name)
    X = frame.select(pl.col(columns).cast(pl.Float64)).to_numpy(order="c")
    return {"X": X, "feature_names": np.array(columns), **label_arrays(frame[label], limits)}


def label_arrays(labels: pl.Series, limits: UploadLimits) -> dict[str, Array]:
    """Return y as integers, and class_names if the labels are texts."""
    if labels.dtype.is_integer() or labels.dtype == pl.Boolean:
        return {"y": labels.cast(pl.Int64).to_numpy()}
    if labels.dtype.is_float():
        return {"y": whole(labels.to_numpy(), labels.name)}
    if labels.dtype not in (pl.String, pl.Categorical, pl.Enum):
        raise UploadError(f"labels must be integers, strings or booleans, got {short(labels.dtype)}", column=labels.name)
    texts = labels.cast(pl.String)
    classes = texts.unique(maintain_order=True)
    limits.check_classes(len(classes))
    for text in classes:
        check_name(text, "the label", row=(texts.index_of(text) or 0) + 1, column=labels.name)
    return {"y": texts.cast(pl.Enum(classes)).to_physical().to_numpy(), "class_names": np.array(classes.to_list())}


if __name__ == "__main__":
    main()
