"""What it ran on."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path


def machine() -> dict[str, str | int | float]:
    """Return the processor, the versions, the date, and how many processes wanted to run before it began."""
    packages = ("numpy", "scikit-learn", "torch", "jax", "postgrad")
    found: dict[str, str | int | float] = {"cpu": _cpu(), "cores": os.cpu_count() or 1, "python": platform.python_version()}
    found |= {name: version(name) for name in packages} | {name: _peer(name) for name in ("mlserver", "mlflow")}
    return found | {"load": round(os.getloadavg()[0], 1), "date": datetime.now(UTC).date().isoformat()}


def _peer(name: str) -> str:
    """Return the version in the environment of a peer."""
    paths = [str(path) for path in Path().glob(f".venv-{name}*/lib/*/site-packages")]
    return next((found.version for found in distributions(name=name, path=paths)), "none")


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
