"""Parquet: unpacked by a process of its own, because a file can take the process down that unpacks it.

Measured on polars 2.1: 28 kB unpacked to 2.7 GB, and one of about 5000 files with a few wrong bytes aborted the process
("memory allocation of 2305843009213693952 bytes failed"), which no `except` sees. The process costs 0.3 s a file.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from core.data.dataset import Dataset
from service.errors import ServiceError, TooLarge, UploadError
from service.runs.uploads.npz_file import read_npz
from service.runs.uploads.rules import UploadLimits

CHILD = "service.runs.uploads.parquet_child"
REFUSED = 3  # the exit status of the child after it wrote down why
TIMEOUT_SECONDS = 60


def read_parquet(source: BinaryIO, label: str | None, limits: UploadLimits) -> Dataset:
    """Read numeric and boolean columns as features, and one column of integers, strings, categories or booleans as labels.

    Raise UploadError that names row (counted from 1) and column, and TooLarge.
    """
    with TemporaryFile() as parquet, TemporaryFile() as result:
        shutil.copyfileobj(source, parquet)
        parquet.seek(0)
        status = _unpack(parquet, result, json.dumps({"label": label, "limits": asdict(limits), "parent": os.getpid()}))
        result.seek(0)
        if status == 0:
            return read_npz(result, None, limits)
        if status == REFUSED:
            raise _refusal(json.load(result))
    raise UploadError(f"the Parquet file is damaged, or takes too much memory to unpack (status {status})")


def _unpack(parquet: BinaryIO, result: BinaryIO, order: str) -> int:
    """Have a child process turn Parquet into NPZ; return its exit status."""
    one_thread = {"POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RUST_BACKTRACE": "0"}
    environment = os.environ | one_thread | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
    command = [sys.executable, "-P", "-m", CHILD, order]
    try:
        return subprocess.run(  # noqa: S603 - our own module; label and limits are JSON in one argument
            command,
            stdin=parquet,
            stdout=result,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=TIMEOUT_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired as error:
        raise UploadError(f"the Parquet file takes more than {TIMEOUT_SECONDS} s to unpack") from error


def _refusal(why: dict[str, Any]) -> ServiceError:
    """Make the child's error again; its text names row and column already."""
    if why["code"] == TooLarge.code:
        return TooLarge(why["detail"])
    error = UploadError(why["detail"], field=why["field"])
    error.row, error.column = why["row"], why["column"]
    return error
