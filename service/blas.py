"""One BLAS thread for each process: more make small products slower, and the bits of a result depend on their number."""

import os

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def use_one_thread() -> None:
    """Set the variables that are read when NumPy loads, in this process and in those that it starts."""
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
