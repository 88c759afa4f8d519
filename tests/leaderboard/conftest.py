"""One Ray for the tests of a module."""

import pytest
import ray

from tests.leaderboard import fake_worker


@pytest.fixture(scope="module")
def two_cpus():
    """A Ray of two CPUs on this machine."""
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


@pytest.fixture
def fake_workers(monkeypatch):
    """Cells that take no time; see the file."""
    monkeypatch.setattr("recbole_lsrec.leaderboard.execute.worker", fake_worker)
