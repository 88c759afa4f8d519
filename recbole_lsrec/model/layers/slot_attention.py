"""Attention inside each of several slots, after self-attention: how LSIDN's candidate asks sessions.

Shape letters: ``B`` instances, ``C`` candidates, ``N`` slots, ``W`` events of a slot, ``P`` real events, ``D`` value size,
``Q`` query size.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from recbole_lsrec.model.layers.attention import MLPAttention, Projected


class Prepared(NamedTuple):
    """The candidate-independent half."""

    values: Tensor  # [B, N, W, D] what the weights apply to
    real: Tensor  # [B, N, W] bool, False on padding
    keys: Projected  # of all events [B, W, 1, N, Q], or of the real ones [P, Q]
    at: tuple[Tensor, ...]  # [P] instance, slot and place of the real ones; empty where all are scored


class SlotAttention(nn.Module):
    """``h_n = sum_j a_nj e_nj``, ``a_n = softmax_j(ATT(e_nj, q))`` over the real events of slot ``n``; ATT is DIN's network.

    In training padding passes through the network too, as in the authors' code, and enters the batch-norm statistics, of
    which each slot has its own. After self-attention it differs from place to place, so that none can stand for all.

    Args:
        size: Width ``D`` of the attended vectors.
        query_size: Width ``Q`` of the query.
        hidden_sizes: Hidden layers of the network.
    """

    def __init__(self, size: int, query_size: int, hidden_sizes: Sequence[int]) -> None:
        super().__init__()
        self.attention = MLPAttention(size, query_size, hidden_sizes)

    def prepare(self, values: Tensor, real: Tensor) -> Prepared:
        """Computes all that needs no candidate, from ``values [B, N, W, D]`` and ``real [B, N, W]``."""
        if self.training:
            keys = self.attention.keys(values.transpose(1, 2).unsqueeze(2))  # [B, W, 1, N, Q]
            return Prepared(values, real, keys, ())
        at = real.nonzero(as_tuple=True)
        return Prepared(values, real, self.attention.keys(values[at]), at)

    def forward(self, prepared: Prepared, q: Tensor) -> tuple[Tensor, Tensor]:
        """Returns ``h [B, C, N, D]`` and the weights ``a [B, C, N, W]`` for queries ``q [B, C, Q]`` or ``[1, C, Q]``."""
        query, real = self.attention.query(q), prepared.real
        if self.training:
            each = Projected(*(part[:, None, :, None] for part in query))  # [B, 1, C, 1, Q]
            logits = self.attention(prepared.keys, each, groups=real.shape[1]).permute(0, 2, 3, 1)  # [B, C, N, W]
        else:
            row, slot, place = prepared.at
            of_real = self.attention(prepared.keys, query, row)  # [P, C]
            logits = of_real.new_zeros(*real.shape, of_real.shape[1])
            logits = logits.index_put((row, slot, place), of_real).permute(0, 3, 1, 2)
        # Finite: in an empty slot the weights are equal, as in TensorFlow.
        a = logits.masked_fill(~real.unsqueeze(1), torch.finfo(logits.dtype).min).softmax(dim=3)
        return torch.einsum("bcnw,bnwd->bcnd", a, prepared.values), a
