"""Markov: a first-order chain over items.

Reference:
    Steffen Rendle et al. "Factorizing Personalized Markov Chains for Next-Basket Recommendation." in WWW 2010 (the
    unfactorised, unpersonalised chain that it starts from).
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import InputType, ModelType

from recbole_lsrec.data.dataset import SessionDataset


class Markov(SequentialRecommender):
    """The floor of sequential recommendation: what followed this item, and where that is not known, what is popular.

    With n_ij the number of training instances whose target is j and whose last event is i, and p_j the share of item j
    among the training events,

        score(j | i) = (n_ij + p_j) / (n_i + 1),    n_i = sum_j n_ij.

    The popularity counts as one observation: it orders the items that never followed i, and decides alone where i never
    had a successor. Nothing is trained; the counts are made from the data when the model is.
    """

    input_type = InputType.POINTWISE
    type = ModelType.TRADITIONAL

    def __init__(self, config: Any, dataset: SessionDataset) -> None:
        super().__init__(config, dataset)
        target = dataset.rows
        last = dataset.history_end(target) - 1
        n = self.n_items
        ones = np.ones(len(target))
        self._follows = sp.csr_matrix((ones, (dataset.item[last], dataset.item[target])), shape=(n, n))  # n_ij
        self._total = np.asarray(self._follows.sum(axis=1)).ravel()  # n_i
        events = np.bincount(dataset.item[dataset.training_events()], minlength=n)
        self._popularity = events / events.sum()  # p_j
        self.fake_loss = torch.nn.Parameter(torch.zeros(1))  # RecBole's optimisers need a parameter

    def calculate_loss(self, interaction: Interaction) -> torch.Tensor:
        """Zero: there is nothing to learn."""
        return self.fake_loss.sum() * 0

    def predict(self, interaction: Interaction) -> torch.Tensor:
        """Scores ``[B]`` of ``item_id`` after each history."""
        scores = self.full_sort_predict(interaction)
        return scores.gather(1, interaction[self.ITEM_ID][:, None]).squeeze(1)

    def full_sort_predict(self, interaction: Interaction) -> torch.Tensor:
        """Scores ``[B, n_items]`` after each history."""
        last = self.gather_indexes(interaction[self.ITEM_SEQ][..., None], interaction[self.ITEM_SEQ_LEN] - 1)
        last = last.squeeze(-1).cpu().numpy()  # [B]
        counts = self._follows[last].toarray() + self._popularity  # [B, n_items]
        return torch.from_numpy(counts / (self._total[last] + 1)[:, None]).to(self.device)
