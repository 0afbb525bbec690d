"""One BLAS thread for the whole session, set before anything loads NumPy."""

from service.blas import use_one_thread

use_one_thread()
