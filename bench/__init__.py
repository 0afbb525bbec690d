"""The benchmark: the same work done by Postgrad and by its peers, side by side in one run.

`make bench` runs it. One thread everywhere: the variables below are read when NumPy, PyTorch and JAX load.
"""

import os

from service.blas import use_one_thread

use_one_thread()
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
