"""The log as a set of pairs, which is all that a model without sequences sees of it."""

import numpy as np
import torch
from recbole.data.dataset import Dataset

from recbole_lsrec.data.dataset import SessionDataset


class PairDataset(SessionDataset):
    """Each pair of user and item among the training events, once, under the ids of the log.

    The training events are the training instances' targets and what their histories hold. ``rows`` are the pairs' first
    events, and ``inter_feat`` holds these events, not windows. A held-out event is in it for no user, although
    histories of validation and test instances hold events after training: a model without sequences cannot read them.
    """

    @classmethod
    def of(cls, log: SessionDataset) -> "PairDataset":
        """The pairs of a built log, which is shared, not copied."""
        rows = np.flatnonzero(log.training_events())
        first = np.unique(log.user[rows] * log.item_num + log.item[rows], return_index=True)[1]
        rows = rows[np.sort(first)]
        pairs = cls.__new__(cls)
        pairs.__dict__.update(log.view(rows).__dict__)
        pairs._instances = pairs.events[torch.from_numpy(rows)]
        return pairs

    # RecBole's for sequences would add the first event of each history, which is among the pairs already.
    inter_matrix = Dataset.inter_matrix
