"""Settings for all tests of the core, made before NumPy is loaded."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # same bits everywhere; and faster for arrays this small

from collections.abc import Iterator

import pytest

from core.train import quiet


@pytest.fixture(autouse=True)
def as_in_training() -> Iterator[None]:
    """Run each test as training runs: flags of the processor are not warned of, numbers that are not finite are looked for.

    OpenBLAS's small products of float32 now and then leave the flag "invalid" behind beside a right result.
    """
    with quiet():
        yield
