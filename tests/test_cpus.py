"""The numbers hold on other processors too: the short form of `make test-cpus`."""

import pytest

from tests.cpus import SHORT, Cpu, newest_and_oldest, others, probe, run_tests


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
