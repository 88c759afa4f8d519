"""Moved to :mod:`recbole_lsrec.testing`."""

from recbole_lsrec.testing.stub import (
    N_ITEMS,
    StubDataset,
    batch_of,
    random_batch,
    randomise,
    repad,
    select,
    stub_config,
)

__all__ = ["N_ITEMS", "StubDataset", "batch_of", "random_batch", "randomise", "repad", "select", "stub_config"]
