"""One BLAS thread for the whole session, set before anything loads NumPy; and which tests stay together."""

from service.blas import use_one_thread
from tests.groups import pytest_collection_modifyitems

__all__ = ["pytest_collection_modifyitems"]

use_one_thread()
