"""One Ray for the tests of a module."""

import pytest
import ray


@pytest.fixture(scope="module")
def two_cpus():
    """A Ray of two CPUs on this machine."""
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()
