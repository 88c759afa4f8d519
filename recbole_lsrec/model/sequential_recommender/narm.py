"""NARM, RecBole's code, that can also be trained at every position.

Reference:
    Jing Li et al. "Neural Attentive Session-based Recommendation." in CIKM 2017.
"""

from typing import Any

import torch
from recbole.model.sequential_recommender.narm import NARM as RecBoleNARM
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.all_positions import AllPositions
from recbole_lsrec.model.scored_by import nearest

_BLOCK = 16  # positions that ask at a time: their pairs with all others take 16 times the memory of the states


class NARM(AllPositions, RecBoleNARM):
    """RecBole's NARM with ``train_positions``: at every position, the state that it gives to the events up to there.

    Its attention is no softmax over the window but a sum of ``v . sigmoid(A1 h_j + A2 h_t) h_j``, so what comes after
    ``t`` is left out by leaving out its terms.
    """

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        kind = type(self)
        if config["train_positions"] == "all" and nearest(kind, "forward") < nearest(kind, "position_states"):
            raise ConfigError(
                f"train_positions: found 'all' with the class {kind.__name__}, whose own forward NARM's position_states does not "
                "ask; accepted: 'last', or a position_states of its own."
            )

    def position_states(self, items: Tensor) -> Tensor:
        """The state at each position of the chunks ``[B, L]``: ``[B, L, D]``."""
        hidden, _ = self.gru(self.emb_dropout(self.item_embedding(items)))  # [B, L, H]
        keys, queries = self.a_1(hidden), self.a_2(hidden)
        blocks = enumerate(queries.split(_BLOCK, 1))
        local = torch.cat([self._local(hidden, keys, some, number * _BLOCK) for number, some in blocks], 1)
        return self.b(self.ct_dropout(torch.cat([local, hidden], 2)))  # [B, L, D]

    def _local(self, hidden: Tensor, keys: Tensor, queries: Tensor, first: int) -> Tensor:
        """The local interest ``[B, Q, H]`` of queries ``[B, Q, H]`` at positions ``first`` and after, over events up to each."""
        end = first + queries.shape[1]
        weight = checkpoint(self._weights, keys[:, :end], queries, use_reentrant=False, preserve_rng_state=False)
        earlier = weight.new_ones(queries.shape[1], end).tril(first)
        return (weight * earlier) @ hidden[:, :end]

    def _weights(self, keys: Tensor, queries: Tensor) -> Tensor:
        """``v . sigmoid(key + query)`` of each pair, ``[B, Q, L]``; made again for the gradient, not kept."""
        return self.v_t(torch.sigmoid(keys[:, None] + queries[:, :, None])).squeeze(3)
