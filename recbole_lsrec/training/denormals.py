"""Numbers too small for the usual form of a float, which a CPU is slow with, count as zero while a model trains."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_BY_ONE_THREAD = 1 << 16  # elements; more of them are more than one thread's work


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Takes float32 below 1.2e-38 for zero in the block, where the CPU can.

    Through saturated gates gradients fall below that, and a CPU takes ten times as long for an epoch of CLSR that is full
    of them. Added to a weight none of them changes it.
    """
    before = bool(torch.tensor(1.5e-38, dtype=torch.float32) * 0.5 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def make_flushing_threads() -> None:
    """Makes the threads that torch calculates with, if there are none yet: they keep for good the mode they are made in."""
    with flushed_denormals():
        torch.zeros(torch.get_num_threads() * _BY_ONE_THREAD).add_(1)
