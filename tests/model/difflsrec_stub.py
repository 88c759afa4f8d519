"""A small log and models on it, for the tests of DiffLSRec."""

from typing import Any

import numpy as np
import torch

from recbole_lsrec.model.sequential_recommender.difflsrec import DiffLSRec
from recbole_lsrec.testing.stub import StubDataset, randomise, stub_config


class StubLog(StubDataset):
    """A data set with a log beside: two users, the last event of each held out."""

    user = np.repeat([1, 2], 12)
    item = np.array([1, 2, 1, 3, 1, 2, 4, 5, 1, 6, 7, 8, 2, 1, 9, 10, 11, 1, 2, 3, 12, 13, 1, 14])
    time = np.tile(np.arange(12) ** 4 * 60, 2)  # from a minute to 57 hours apart, held out 77
    training = np.tile(np.arange(12) < 11, 2)

    def training_events(self) -> np.ndarray:
        return self.training


def build(dataset: Any = None, spread: bool = True, **options: Any) -> DiffLSRec:
    """A model in evaluation mode; ``spread`` gives it weights with no term near zero."""
    torch.manual_seed(0)
    model = DiffLSRec(stub_config("DiffLSRec", **options), dataset or StubLog())
    if spread:
        randomise(model)
    return model.eval()
