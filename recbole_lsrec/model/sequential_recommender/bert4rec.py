"""BERT4Rec, RecBole's code, that can also be trained on whole sequences.

Reference:
    Fei Sun et al. "BERT4Rec: Sequential Recommendation with Bidirectional Encoder Representations from Transformer." in
    CIKM 2019.
"""

import torch
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender.bert4rec import BERT4Rec as RecBoleBERT4Rec
from torch import Tensor

from recbole_lsrec.data.mask_loader import MaskLoader
from recbole_lsrec.model.all_positions import AllPositions
from recbole_lsrec.model.options.all_positions import BERT4RecOptions


class BERT4Rec(AllPositions, RecBoleBERT4Rec):
    """RecBole's BERT4Rec with ``train_positions``.

    With ``last`` each target's window is masked by RecBole's ``transform``, so that an event is in as many windows as come
    after it. With ``all`` each user's events are there once an epoch (:class:`recbole_lsrec.data.mask_loader.MaskLoader`),
    and the loss is the mean over all masked events. RecBole's own counts no mask at the first place of a window, and of a
    window with more than ``mask_ratio`` of its length the last ones alone.
    """

    options_class = BERT4RecOptions
    position_loader = MaskLoader

    def position_states(self, items: Tensor) -> Tensor:
        """The states, and a 1 for the items' biases: ``[B, L, D + 1]``."""
        states = self.forward(items)
        return torch.cat([states, states.new_ones(*items.shape, 1)], 2)

    def item_table(self) -> Tensor:
        """The items without the mask, and their biases: ``[N, D + 1]``."""
        return torch.cat([self.item_embedding.weight[: self.n_items], self.output_bias[:, None]], 1)

    def score_candidates(self, interaction: Interaction, items: Tensor) -> Tensor:
        """Scores of items ``[B, C]``, from the state at a mask behind each history."""
        length = interaction[self.ITEM_SEQ_LEN]
        states = self.forward(self.reconstruct_test_data(interaction[self.ITEM_SEQ], length))
        state = self.gather_indexes(states, length - 1)  # [B, D]
        return torch.bmm(self.item_embedding(items), state.unsqueeze(2)).squeeze(2) + self.output_bias[items]
