"""Training batches of RecBole's general recommenders: pairs of user and item, or whole users."""

from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data.interaction import Interaction

from recbole_lsrec.data.dataloader import TrainLoader
from recbole_lsrec.data.pairs import PairDataset
from recbole_lsrec.data.sampler import TimeThresholdSampler


class PairLoader(TrainLoader):
    """Batches of training pairs in RecBole's stock layout; ``train_batch_size`` counts pairs.

    As in RecBole, a negative is an item with which the user has no training event. It is drawn among the items that
    appear before training ends, not before the pair's own time: a model that knows no order sees its pairs as a set.

    Args:
        config: the run's settings.
        pairs: from :meth:`PairDataset.of`.
        sampler: draws the negatives.
    """

    def __init__(self, config: Config, pairs: PairDataset, sampler: TimeThresholdSampler) -> None:
        super().__init__(config, pairs, sampler, candidate_batch=False)
        self._after_training = int(pairs.time[pairs.training_events()].max()) + 1

    def make(self, rows: np.ndarray, batch_rows: np.ndarray | None = None) -> Interaction:
        """One batch from the rows of its pairs' first events; see the base."""
        index = torch.from_numpy(rows)
        user, item = torch.from_numpy(self.dataset.user)[index], torch.from_numpy(self.dataset.item)[index]
        batch = self.dataset.join(Interaction({self.dataset.uid_field: user, self.item_field: item}))
        if self.n_negatives == 0:
            return batch
        return self._stock_batch(batch, torch.from_numpy(self.negatives(rows, batch_rows).T.reshape(-1)))

    def _drawn_from(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "exclude": ("positive", "user"), "limit": self._after_training}


class UserLoader(PairLoader):
    """Batches of users, for models that read a user's whole row of the matrix; ``train_batch_size`` counts users."""

    def __init__(self, config: Config, pairs: PairDataset, sampler: TimeThresholdSampler) -> None:
        super().__init__(config, pairs, sampler)
        self.rows: Any = np.flatnonzero(pairs.training_users())

    def make(self, rows: np.ndarray, batch_rows: np.ndarray | None = None) -> Interaction:
        """One batch of users."""
        return self.dataset.join(Interaction({self.dataset.uid_field: torch.from_numpy(rows)}))
