"""NARM, RecBole's code, that can also be trained at every position.

Reference:
    Jing Li et al. "Neural Attentive Session-based Recommendation." in CIKM 2017.
"""

import torch
from recbole.model.sequential_recommender.narm import NARM as RecBoleNARM
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from recbole_lsrec.model.all_positions import AllPositions

_BLOCK = 16  # positions that ask at a time: their pairs with all others take 16 times the memory of the states


class NARM(AllPositions, RecBoleNARM):
    """RecBole's NARM with ``train_positions``: at every position, the state that it gives to the events up to there.

    Its attention is no softmax over the window but a sum of ``v . sigmoid(A1 h_j + A2 h_t) h_j``, so what comes after
    ``t`` is left out by leaving out its terms.
    """

    def forward(self, item_seq: Tensor, item_seq_len: Tensor) -> Tensor:
        """RecBole's, of the first ``[B]`` events of each row; or of each of several numbers of them, ``[B, P]``."""
        if item_seq_len.dim() == 1:
            return super().forward(item_seq, item_seq_len)
        hidden, _ = self.gru(self.emb_dropout(self.item_embedding(item_seq)))  # [B, L, H]
        last = self.gather_indexes(hidden, item_seq_len - 1)  # [B, P, H]
        keys, queries = self.a_1(hidden), self.a_2(last)
        local = [
            self._local(hidden, keys, some, length)
            for some, length in zip(queries.split(_BLOCK, 1), item_seq_len.split(_BLOCK, 1), strict=True)
        ]
        both = torch.cat([torch.cat(local, 1), last], 2)  # [B, P, 2H]
        return self.b(self.ct_dropout(both))  # [B, P, D]

    def _local(self, hidden: Tensor, keys: Tensor, queries: Tensor, length: Tensor) -> Tensor:
        """The local interest ``[B, Q, H]`` of queries ``[B, Q, H]``, each over its first ``length`` events."""
        longest = int(length.max())
        weight = checkpoint(self._weights, keys[:, :longest], queries, use_reentrant=False, preserve_rng_state=False)
        earlier = torch.arange(longest, device=length.device) < length[..., None]  # [B, Q, L]
        return (weight * earlier) @ hidden[:, :longest]

    def _weights(self, keys: Tensor, queries: Tensor) -> Tensor:
        """``v . sigmoid(key + query)`` of each pair, ``[B, Q, L]``; made again for the gradient, not kept."""
        return self.v_t(torch.sigmoid(keys[:, None] + queries[:, :, None])).squeeze(3)
