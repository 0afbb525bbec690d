"""One BLAS thread for the whole session, set before anything loads NumPy; how Hypothesis looks; which tests stay together."""

from hypothesis import HealthCheck, settings

from service.blas import use_one_thread
from tests.groups import pytest_collection_modifyitems

__all__ = ["pytest_collection_modifyitems"]

use_one_thread()

# A red test is red again in the next run. No example has a time: on a busy machine any of them may take a second.
settings.register_profile("postgrad", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("postgrad")
