"""Attention over whole histories, padded, with candidate-dependent queries: the encoders of CLSR and SLi-Rec.

Shape letters: ``B`` instances, ``C`` candidates, ``T`` steps, ``P`` steps that are scored, ``D`` value size,
``S`` known and ``Q`` unknown features of the query.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from recbole_lsrec.model.layers.attention import BilinearAttention, MLPAttention

KINDS = ("mlp", "inner_product")


class Prepared(NamedTuple):
    """The candidate-independent half of an attention over histories."""

    values: Tensor  # [B, T, D] what the weights apply to
    real: Tensor  # [B, T] bool, False on padding
    keys: Any  # of the P scored steps
    row: Tensor  # [P] instance of each
    step: Tensor  # [P] and its place
    counts: Tensor | None  # [P] how many equal steps each stands for; None: itself
    known: Tensor | None  # [B, S] leading features of the query, where the keys have not taken them in


class HistoryAttention(nn.Module):
    """``u = sum_j a_j x_j``, ``a = softmax_j(logit(x_j, q))`` over the real steps of a history.

    * ``mlp``: DIN's network (CLSR eq. 10-12). * ``inner_product``: ``<W x, q>`` (CLSR eq. 32).

    Args:
        kind: One of ``KINDS``.
        size: Width ``D`` of the attended vectors.
        query_size: Width ``S + Q`` of the query.
        hidden_sizes: Hidden layers of ``mlp``.
        see_padding: In training let padding pass through the scoring network too, so that it enters the batch-norm
            statistics, as it does in the authors' code. Its weight is 0 all the same.
        equal_padding: Whether the padded steps of a history are equal, so that one can stand for all.
    """

    def __init__(
        self,
        kind: str,
        size: int,
        query_size: int,
        hidden_sizes: Sequence[int],
        see_padding: bool = False,
        equal_padding: bool = True,
    ) -> None:
        super().__init__()
        self.attention: MLPAttention | BilinearAttention
        if kind == "mlp":
            self.attention = MLPAttention(size, query_size, hidden_sizes)
        else:
            self.attention = BilinearAttention(size, query_size)
        self.see_padding, self.equal_padding = see_padding, equal_padding

    def _scored(self, real: Tensor) -> tuple[Tensor, Tensor | None]:
        """Which steps ``[B, T]`` pass through the network, and how many equal ones each of these stands for, ``[P]``."""
        if not (self.see_padding and self.training):
            return real, None
        if not self.equal_padding:
            return torch.ones_like(real), None
        n = real.sum(1, keepdim=True)
        scored = torch.arange(real.shape[1], device=real.device) <= n  # the real ones and the first of the padding
        counts = torch.where(real, 1, real.shape[1] - n)[scored]
        return scored, counts.to(torch.get_default_dtype())

    def prepare(self, values: Tensor, real: Tensor, known: Tensor | None = None) -> Prepared:
        """Computes all that needs no candidate.

        Args:
            values: ``[B, T, D]``.
            real: ``[B, T]`` bool.
            known: ``[B, S]`` leading features of the query that the history determines.
        """
        scored, counts = self._scored(real)
        row, step = scored.nonzero(as_tuple=True)
        x = values[row, step]  # [P, D]
        if isinstance(self.attention, BilinearAttention):
            return Prepared(values, real, self.attention.keys(x), row, step, None, known)
        return Prepared(values, real, self.attention.keys(x, known, row), row, step, counts, None)

    def weights(self, prepared: Prepared, q: Tensor) -> Tensor:
        """Returns ``a [B, C, T]``, 0 on padding unless all is, for queries ``q [B, C, Q]`` or ``[1, C, Q]``."""
        if prepared.known is not None:
            known = prepared.known.unsqueeze(1).expand(-1, q.shape[1], -1)
            q = torch.cat([known, q.expand(len(known), -1, -1)], dim=-1)
        query: Any = self.attention.query(q)
        counts = {} if prepared.counts is None else {"counts": prepared.counts}
        logits = self.attention(prepared.keys, query, prepared.row, **counts)  # [P, C]
        least = torch.finfo(logits.dtype).min  # finite: where nothing is real the weights are equal, as in TensorFlow
        padded = logits.new_full((*prepared.real.shape, logits.shape[1]), least)
        padded = padded.index_put((prepared.row, prepared.step), logits)  # [B, T, C]
        return padded.masked_fill(~prepared.real.unsqueeze(2), least).softmax(dim=1).transpose(1, 2)

    def own_weights(self, values: Tensor, real: Tensor, q: Tensor) -> Tensor:
        """Returns ``a [B, T]``, 0 on padding, where each step is asked with a query of its own, ``q [B, T, Q]``."""
        scored, counts = self._scored(real)
        at = scored.nonzero(as_tuple=True)
        query: Any = self.attention.query(q[at])
        more = {} if counts is None or isinstance(self.attention, BilinearAttention) else {"counts": counts}
        logits = self.attention(self.attention.keys(values[at]), query, **more)  # [P]
        padded = logits.new_full(real.shape, float("-inf")).index_put(at, logits)
        return padded.masked_fill(~real, float("-inf")).softmax(dim=1)

    def forward(self, prepared: Prepared, q: Tensor) -> tuple[Tensor, Tensor]:
        """Returns ``u [B, C, D]`` and the weights ``a [B, C, T]``."""
        a = self.weights(prepared, q)
        return a @ prepared.values, a
