"""Settings for all tests of the core, made before NumPy is loaded."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # same bits everywhere; and faster for arrays this small

from hypothesis import settings

settings.register_profile("core", deadline=None, derandomize=True)  # a red test is red again in the next run
settings.load_profile("core")
