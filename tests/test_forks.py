"""Tests that fork do not wait for threads that a fork does not have, however many cores there are."""

import multiprocessing

import pytest
import torch


def calculate() -> None:
    """More than one thread's work."""
    torch.zeros(1 << 20).add_(1)


@pytest.fixture
def two_threads():
    """As torch has on two cores; CI sets one."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    calculate()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_a_forked_process_calculates():
    child = multiprocessing.get_context("fork").Process(target=calculate)
    child.start()
    child.join(60)
    child.kill()
    assert child.exitcode == 0
