"""Cuts of large arrays that stay in a CPU's cache while several operations go over them."""

from collections.abc import Iterator

from torch import Tensor

CPU_BLOCK = 2048
"""Rows of a block on a CPU; elsewhere all are one block."""


def blocks(rows: Tensor, each: int = 1) -> Iterator[slice]:
    """Cuts ``rows [M, ...]``, each of which stands for ``each`` rows of what is computed."""
    size = max(1, CPU_BLOCK // each if rows.device.type == "cpu" else len(rows))
    return (slice(at, at + size) for at in range(0, len(rows), size))
