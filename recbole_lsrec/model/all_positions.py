"""What a sequence model needs to be trained on every position at once."""

from math import log
from typing import Any, ClassVar

import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import SequentialRecommender
from torch import Tensor

from recbole_lsrec.data.position_loader import NEXT_PREFIX, PositionLoader
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.catalogue_loss import ItemSampler, full_softmax, sampled_softmax
from recbole_lsrec.model.options.all_positions import AllPositionsOptions
from recbole_lsrec.model.position_losses import calibration, gbce
from recbole_lsrec.processes import group
from recbole_lsrec.registry import own_origin

_CHECKED = 8  # histories of the first batch


class AllPositions(SequentialRecommender):
    """To be put before a model of RecBole whose state at a position depends on the events up to it alone.

    (Or, as BERT4Rec, reads batches of a ``position_loader`` of its own, in which what is asked for is hidden.)

    The model must get its states by ``gather_indexes`` at the end of ``forward``, score items by a dot product with
    ``item_embedding``, and do nothing else with lengths; or say by :meth:`position_states` and :meth:`item_table` what
    is to be multiplied. With ``train_positions: last`` it is RecBole's, bit for bit.

    With ``train_positions: all`` a batch holds whole chunks of users' events, one forward pass gives a state at each,
    and the loss is the mean over all positions with a target (see
    :class:`recbole_lsrec.data.position_loader.PositionLoader`):

    * ``softmax``: cross-entropy over all items, as RecBole's ``loss_type: CE``, in bounded memory.
    * ``sampled_softmax``: the same over the target and ``n_negatives`` items that are drawn uniformly, with replacement,
      for the whole batch, with the logQ correction.
    * ``gbce``: generalised binary cross-entropy over as many, calibrated by ``gbce_t``.
    """

    options_class: ClassVar[type[AllPositionsOptions]] = AllPositionsOptions
    position_loader: ClassVar[type[PositionLoader]] = PositionLoader
    item_embedding: torch.nn.Embedding
    loss_type: str

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.NEXT_ITEMS = NEXT_PREFIX + self.ITEM_SEQ
        o = self.options_class.read(config)
        if o.train_positions == "all" and self.loss_type != "CE":
            raise ConfigError(
                f"train_positions: found 'all' with loss_type {self.loss_type}; accepted: 'all' with CE (position_loss says "
                "which loss), or 'last'."
            )
        self.position_loss, self.n_negatives = o.position_loss, o.n_negatives
        n_items = self.n_items - 1  # without the padding
        self._unchecked = own_origin(type(self)) is not None and self.position_loader is PositionLoader
        self.beta = calibration(self.n_negatives, n_items, o.gbce_t)
        self._uniform = ItemSampler(torch.zeros(n_items))

    def gather_indexes(self, output: Tensor, gather_index: Tensor) -> Tensor:
        """RecBole's, at one position of each row ``[B]``; or at several, ``[B, P]``."""
        if gather_index.dim() == 1:
            return super().gather_indexes(output, gather_index)
        return output.gather(1, gather_index[..., None].expand(-1, -1, output.shape[-1]))  # [B, P, D]

    def calculate_loss(self, interaction: Interaction) -> Tensor:
        """RecBole's on windows; the mean over all positions on chunks."""
        if self.NEXT_ITEMS not in interaction.interaction:
            return super().calculate_loss(interaction) * group.share_of_batch(len(interaction))
        items, target = interaction[self.ITEM_SEQ], interaction[self.NEXT_ITEMS]  # [B, L]
        if self._unchecked:
            self._check_states(items[:_CHECKED])
        at = (target > 0).flatten().nonzero().squeeze(1)  # [P]
        states = self.position_states(items).flatten(0, 1).index_select(0, at)  # [P, D]
        return self._loss_at(states, target.flatten().index_select(0, at)) * group.share_of_batch(len(at))

    def position_states(self, items: Tensor) -> Tensor:
        """The state at each position of the chunks ``[B, L]``: ``[B, L, D]``."""
        lengths = torch.arange(1, items.shape[1] + 1, device=items.device).expand_as(items)
        return self.forward(items, lengths)

    def item_table(self) -> Tensor:
        """What a state is multiplied with to score every item: ``[N, D]``."""
        return self.item_embedding.weight

    def score_candidates(self, interaction: Interaction, items: Tensor) -> Tensor:
        """Scores of items ``[B, C]``, each history's own: what ``full_sort_predict`` gives them, without all others."""
        states = self.forward(interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN])  # [B, D]
        return torch.bmm(self.item_embedding(items), states.unsqueeze(2)).squeeze(2)

    @torch.no_grad()
    def _check_states(self, items: Tensor) -> None:
        """Refuses a class of the user's own that is trained on other states than it is evaluated by, or on the future.

        Raises:
            ConfigError: a state amid the chunks ``[B, L]`` is not the one of the history that ends there.
        """
        self._unchecked, training = False, self.training
        self.eval()
        middle = (items > 0).sum(1) // 2  # [B]
        alone = items * (torch.arange(items.shape[1], device=items.device) <= middle.unsqueeze(1))
        states = self.gather_indexes(self.position_states(items), middle)  # [B, D]
        expected = self.forward(alone, middle + 1)
        self.train(training)
        if states.shape != expected.shape or not torch.allclose(states, expected, rtol=1e-3, atol=1e-4):
            raise ConfigError(
                f"train_positions: found 'all' with the class {type(self).__name__}, whose state at a position is not the one "
                "that forward gives for the events up to there, so that it sees later ones, or learns what is not evaluated; "
                "accepted: 'last', or a position_states of its own."
            )

    def _loss_at(self, states: Tensor, target: Tensor) -> Tensor:
        """The loss of ``[P, D]`` states with their targets ``[P]``."""
        table = self.item_table()
        if self.position_loss == "softmax":
            return full_softmax(states, table, target)
        drawn = group.tensor_of_first(self._uniform.draw(self.n_negatives))  # [S], the first item being 0
        log_expected = (self._uniform.log_chance[drawn] + log(self.n_negatives)).to(states, non_blocking=True)
        drawn = drawn.to(target.device, non_blocking=True) + 1
        positive, negatives, hit = table[target], table[drawn], target[:, None] == drawn
        if self.position_loss == "gbce":
            return gbce(states, positive, negatives, hit, self.beta)
        return sampled_softmax(states, positive, negatives, log_expected, hit)
