"""The numeric tests as other processors run them: `make test-cpus`, and in `make test` a short form.

OPENBLAS_CORETYPE has OpenBLAS take the kernel of another processor, and NPY_DISABLE_CPU_FEATURES has NumPy leave out
its wide code paths. Both are read when NumPy loads, so each processor is a process of its own.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.live import ROOT

CORES = ("Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids")
"""Names that OpenBLAS takes on x86-64; a build has some of the kernels and takes the nearest for the others."""

SHORT = ("tests/core", "tests/service/runs", "tests/test_readme.py", "tests/test_api_pages.py")
"""Tests whose numbers come from the core: its own, those of runs, and what the documents print."""

READ_IN_THE_LAB = (
    "test_the_best_has_its_sample_and_its_loss",
    "test_the_loss_beside_a_sample_is_the_smoothed_one",
    "test_the_best_is_among_the_first_samples",
)
LONG = (
    *SHORT,
    *(f"tests/browser/test_reading.py::{name}" for name in READ_IN_THE_LAB),
    "tests/browser/test_lab.py::test_the_spiral_is_trained_from_the_page",
    "tests/e2e/test_demo.py::test_the_demo_reproduces_the_course",
    "tests/e2e/test_demo_chance.py",
)
"""And the numbers that the Lab and the demo show."""

PROBE = """
import json, numpy, threadpoolctl
numpy.ones((40, 40), "float32") @ numpy.ones((40, 40), "float32")
blas = [found["architecture"] for found in threadpoolctl.threadpool_info() if found["internal_api"] == "openblas"]
print(json.dumps([blas[0] if blas else None, numpy.show_config(mode="dicts")["SIMD Extensions"].get("found", [])]))
"""


@dataclass(frozen=True)
class Cpu:
    """A kernel of OpenBLAS by the name that asks for it (None: this machine's own) and the code paths NumPy goes without."""

    core: str | None = None
    without: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment that makes this machine such a processor."""
        core = {"OPENBLAS_CORETYPE": self.core} if self.core else {}
        return core | ({"NPY_DISABLE_CPU_FEATURES": " ".join(self.without)} if self.without else {})

    def __str__(self) -> str:
        """Name it as the environment does."""
        return " ".join(f"{name}={value!r}" for name, value in self.variables.items()) or "this machine's own"


def environment(cpu: Cpu) -> dict[str, str]:
    """Return the variables of this process with those of a processor."""
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", **cpu.variables}


@cache
def probe(cpu: Cpu) -> tuple[str | None, tuple[str, ...]] | None:
    """Return the kernel OpenBLAS takes and NumPy's code paths beyond the least; None if this machine cannot run them."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment(cpu), capture_output=True, text=True, timeout=60, check=False
    )
    if run.returncode:
        return None
    kernel, paths = json.loads(run.stdout)
    return kernel, tuple(paths)


def others() -> list[Cpu]:
    """Return a processor for each kernel that this machine can run beside its own, with NumPy's code paths of its age.

    With Haswell they are those of an AVX2 machine, else none beyond the least. The last has none either, with this machine's
    own kernel.
    """
    own = probe(Cpu())
    assert own is not None
    kernel, paths = own
    wide = tuple(path for path in paths if path != "X86_V3")  # AVX2 and FMA3, which came with Haswell
    seen, found = {kernel}, []
    for core in CORES:
        told = probe(Cpu(core))
        if told is not None and told[0] not in seen:
            seen.add(told[0])
            found.append(Cpu(core, wide if told[0] == "Haswell" else paths))
    return [*found, Cpu(None, paths)] if paths else found


def newest_and_oldest() -> list[Cpu]:
    """Return the two of them that a change made on this machine is most likely to break on: the newest and the oldest."""
    found = [cpu for cpu in others() if cpu.core]
    return [found[-1], found[0]] if len(found) > 1 else found


def run_tests(cpu: Cpu, tests: Sequence[str], *options: str) -> "subprocess.CompletedProcess[str]":
    """Run tests as on a processor; their output is returned, and told only by who asks."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *options, *tests]
    kept = {name: value for name, value in environment(cpu).items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=ROOT, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def main() -> int:
    """Run the long form on all processors at once; return 1 if a test failed on one."""
    failed, begun, cpus = [], time.monotonic(), others()  # this machine's own runs them in `make test`
    with ThreadPoolExecutor(len(cpus)) as pool:
        for cpu, run in zip(cpus, pool.map(lambda cpu: run_tests(cpu, LONG, "-p", "no:xdist"), cpus), strict=True):
            told: Any = probe(cpu)
            print(
                f"{cpu}: kernel {told[0]}, NumPy with {' '.join(told[1]) or 'the least'}: {run.stdout.splitlines()[-1]}",
                flush=True,
            )
            if run.returncode:
                failed.append(str(cpu))
                print(run.stdout)
    print(f"{time.monotonic() - begun:.0f} s; " + (f"failed: {', '.join(failed)}" if failed else "every processor agrees"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
