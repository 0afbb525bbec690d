"""What it ran on."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, str | int]:
    """Return the processor, the versions and the date."""
    packages = ("numpy", "scikit-learn", "torch", "jax", "postgrad")
    found: dict[str, str | int] = {"cpu": _cpu(), "cores": os.cpu_count() or 1, "python": platform.python_version()}
    return found | {name: version(name) for name in packages} | {"date": datetime.now(UTC).date().isoformat()}


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
