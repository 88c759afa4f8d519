"""A long/short-term model of one's own in one file; docs/own_model.md walks through it.

recbole-lsrec run --model=examples/my_model.py:SessionMean --dataset=cosmetics --epochs=2
"""

from typing import Any, NamedTuple

import torch
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.config.setting import setting
from recbole_lsrec.model.base import LongShortRecommender, Match
from recbole_lsrec.model.options.long_short import LongShortOptions, Width


class SessionMeanOptions(LongShortOptions):
    """The options, each a key of the command line, checked before data are read."""

    embedding_size: Width = setting(32, "Width of an embedded item, category included.")
    category_embedding_size: int = setting(8, "How many of these dimensions hold the category.", least=0)
    recent_sessions: int = setting(1, "Sessions that the short-term interest looks back.", least=1)


class Interests(NamedTuple):
    """What :meth:`SessionMean.encode` keeps of a batch of histories."""

    long: Tensor  # [B, D]
    short: Tensor  # [B, D]
    items: Tensor  # [B, L], 0 on padding


class SessionMean(LongShortRecommender):
    """The long-term interest is the mean of all events, the short-term one that of the current session.

    With x the embedding of an item, H the history, S its last session, c a candidate:

        u_long = mean of x_i, i in H                      (1)
        u_short = mean of x_i, i in S                     (2)
        alpha = sigmoid(W [u_long, u_short, x_c] + b)     (3)
        score = <alpha u_long + (1 - alpha) u_short, x_c> (4)
    """

    options_class = SessionMeanOptions
    options: SessionMeanOptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.gate = nn.Linear(3 * self.embedding.size, 1)

    def encode(self, interaction: Interaction) -> Interests:
        """Everything that does not depend on a candidate, once per history."""
        items, session = interaction[self.ITEM_SEQ], interaction[self.SESSION_SEQ]  # [B, L], right-padded
        place = torch.arange(items.shape[1], device=items.device)
        real = place < interaction[self.ITEM_SEQ_LEN].unsqueeze(1)  # [B, L]
        items = items * real  # whatever the padding holds
        last = (session * real).amax(dim=1, keepdim=True)  # [B, 1]
        current = real & (session > last - self.options.recent_sessions)  # [B, L]
        x = self.embedding(items)  # [B, L, D]
        return Interests(_mean(x, real), _mean(x, current), items)  # (1), (2)

    def match(self, state: Interests, items: Tensor) -> Match:
        """Scores ``items [B, C]``, or ``[1, C]`` where all histories have the same candidates."""
        candidate = self.embedding(items)  # [B or 1, C, D]
        long, short = state.long.unsqueeze(1), state.short.unsqueeze(1)  # [B, 1, D]
        both = torch.broadcast_tensors(long, short, candidate)  # [B, C, D] each
        alpha = torch.sigmoid(self.gate(torch.cat(both, dim=-1))).squeeze(-1)  # [B, C], (3)
        alpha = self.fusion_weight(alpha)  # so that `recbole-lsrec counterfactual` can fix it
        user = alpha.unsqueeze(-1) * long + (1 - alpha).unsqueeze(-1) * short  # [B, C, D]
        return Match((user * candidate).sum(-1), alpha)  # [B, C], (4)

    def involved_items(self, state: Interests) -> Tensor:
        """The items whose embeddings ``reg_weight`` regularises."""
        return state.items


def _mean(x: Tensor, chosen: Tensor) -> Tensor:
    """The mean of the chosen events, ``[B, D]``, from ``[B, L, D]`` and ``[B, L]``."""
    return (x * chosen.unsqueeze(-1)).sum(1) / chosen.sum(1, keepdim=True)
