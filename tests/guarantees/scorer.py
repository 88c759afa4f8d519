"""A model whose scores are known: they depend on the last event of the history and on the item, and are often tied."""

import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import InputType
from torch import Tensor, nn

LEVELS = 7


def score(last: int, item: int) -> int:
    """Of an item's id after a history that ends in an item's id."""
    return (5 * last + 3 * item * item + last * item) % LEVELS


class Scorer(SequentialRecommender):
    """Scores by :func:`score`; there is nothing to learn."""

    input_type = InputType.POINTWISE

    def __init__(self, config, dataset) -> None:
        super().__init__(config, dataset)
        self.weight = nn.Parameter(torch.zeros(1))
        self.built_on = dataset.rows.tolist()

    def calculate_loss(self, interaction: Interaction) -> Tensor:
        return self.weight.square().sum()

    def full_sort_predict(self, interaction: Interaction) -> Tensor:
        items, n = interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN]  # [B, L], [B]
        last = items.gather(1, n[:, None] - 1)  # [B, 1]
        item = torch.arange(self.n_items)[None]
        return ((5 * last + 3 * item * item + last * item) % LEVELS).float()  # [B, n_items]

    def predict(self, interaction: Interaction) -> Tensor:
        return self.full_sort_predict(interaction).gather(1, interaction[self.ITEM_ID][:, None]).squeeze(1)


class Ordered(Scorer):
    """The same, of equals the item with the smaller id first: nothing is tied."""

    def full_sort_predict(self, interaction: Interaction) -> Tensor:
        return super().full_sort_predict(interaction) - torch.arange(self.n_items) / 1024
