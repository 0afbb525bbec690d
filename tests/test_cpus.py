"""The numbers hold on other processors too: the short form of `make test-cpus`."""

import subprocess
import sys

import pytest

from tests.cpus import CORES, SHORT, Cpu, environment, newest_and_oldest, others, probe, run_tests


@pytest.mark.timeout(900)
@pytest.mark.parametrize("place", [0, 1], ids=["newest", "oldest"])
def test_the_numbers_hold_on_another_processor(place: int) -> None:
    """Every numeric test passes with another kernel of OpenBLAS and other code paths of NumPy."""
    chosen = newest_and_oldest()
    if place >= len(chosen):
        pytest.skip(f"OpenBLAS has {len(chosen)} kernels beside this machine's own that run here")
    run = run_tests(chosen[place], SHORT, "-x")
    assert run.returncode == 0, f"{chosen[place]}\n{run.stdout}"


def test_each_processor_is_another_one() -> None:
    """No two have the same kernel and code paths, and each is what its variables say."""
    found = [probe(cpu) for cpu in [Cpu(), *others()]]
    assert None not in found
    assert len(set(found)) == len(found)


MULTIPLY = """
import numpy
for dtype in ("float32", "float64"):
    X, dscores = numpy.ones((6000, 30), dtype), numpy.ones((6000, 100), dtype)
    for _ in range(30):
        assert (X.T @ dscores == 6000).all()
"""


@pytest.mark.parametrize("core", CORES)
def test_a_product_over_many_examples_ends_no_process(core: str) -> None:
    """With OpenBLAS 0.3.34, dgemm overran its stack with the kernels of AVX2, where this sum goes over many rows."""
    if probe(Cpu(core)) is None:
        pytest.skip(f"this processor cannot run OpenBLAS's kernel {core}")
    run = subprocess.run(
        [sys.executable, "-c", MULTIPLY], env=environment(Cpu(core)), capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
