"""The environment fingerprint: what, beside spec and data, the bits of a result depend on."""

import platform
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info


@cache
def fingerprint() -> dict[str, Any]:
    """Describe NumPy with its code paths, the BLAS library with its kernel and threads, Python and the code of this process.

    It is the same as long as the process lives, and takes 3 ms to find out: a fifth of a tiny run.
    """
    blas: dict[str, Any] = next((lib for lib in threadpool_info() if lib["user_api"] == "blas"), {})
    return {
        "postgrad": version("postgrad"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "numpy": np.__version__,
        "simd": _simd(),
        "blas": f"{blas.get('internal_api', 'unknown')} {blas.get('version', '')}".strip(),
        "kernel": blas.get("architecture"),
        "threads": blas.get("num_threads"),
    }


def _simd() -> str:
    """Name the instruction sets NumPy dispatches to on this processor: exp, for one, has another last bit with AVX-512."""
    found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return " ".join(found)
