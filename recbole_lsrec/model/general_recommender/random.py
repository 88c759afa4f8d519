"""A scorer that knows nothing: what a table's numbers must be compared with before anything else."""

from typing import Any

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.model.general_recommender.random import Random as RecBoleRandom

from recbole_lsrec.data.counter_random import key_from, uniform


class Random(RecBoleRandom):
    """Uniform scores, a pure function of (seed, user, item).

    RecBole's class gives every user of a batch the same scores, so that its metrics have the variance of one draw, and
    sets the global seed while it is built.
    """

    def __init__(self, config: Any, dataset: Any) -> None:
        with torch.random.fork_rng(devices=[]):
            super().__init__(config, dataset)
        self._key = key_from("random scores", config["seed"])

    def predict(self, interaction: Interaction) -> torch.Tensor:
        """Scores ``[B]`` of the given users and items."""
        user, item = interaction[self.USER_ID].cpu().numpy(), interaction[self.ITEM_ID].cpu().numpy()
        return torch.from_numpy(uniform(self._key, user, item)).to(self.device)

    def full_sort_predict(self, interaction: Interaction) -> torch.Tensor:
        """Scores ``[B * n_items]`` of all items for the given users."""
        user = interaction[self.USER_ID].cpu().numpy()
        return torch.from_numpy(uniform(self._key, user[:, None], np.arange(self.n_items))).view(-1).to(self.device)
