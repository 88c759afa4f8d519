"""Attention over whole histories, padded, with candidate-dependent queries: the encoders of CLSR and SLi-Rec.

Shape letters: ``B`` instances, ``C`` candidates, ``T`` steps, ``P`` steps that are scored, ``D`` value size,
``S`` known and ``Q`` unknown features of the query.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from recbole_lsrec.model.layers.attention import BilinearAttention, MLPAttention


class Scored(NamedTuple):
    """The steps of padded histories that pass through a scoring network."""

    padding: Tensor  # [B, T] bool
    row: Tensor  # [P] instance of each step
    step: Tensor  # [P] and its place
    counts: Tensor | None  # [P] how many equal steps each stands for; None: itself

    @classmethod
    def of(cls, real: Tensor, padding_too: bool) -> "Scored":
        """The steps that are ``real [B, T]``, and if asked for the first of the padding, which stands for all of it."""
        if not padding_too:
            row, step = real.nonzero(as_tuple=True)
            return cls(~real, row, step, None)
        n, width = real.sum(1, keepdim=True), real.shape[1]
        steps = torch.arange(width, device=real.device)
        row, step = (steps <= n).nonzero(as_tuple=True)
        counts = torch.where(steps < n, 1, width - n)[row, step]
        return cls(~real, row, step, counts.to(torch.get_default_dtype()))

    def spread(self, logits: Tensor, least: float) -> Tensor:
        """Puts ``logits [P, ...]`` back to ``[B, T, ...]``, ``least`` on padding."""
        padded = logits.new_full((*self.padding.shape, *logits.shape[1:]), least)
        padded = padded.index_put((self.row, self.step), logits)
        return padded.masked_fill(self.padding.view(*self.padding.shape, *[1] * (logits.dim() - 1)), least)


class Prepared(NamedTuple):
    """The candidate-independent half of an attention over histories."""

    values: Tensor  # [B, T, D] what the weights apply to
    scored: Scored
    keys: Any  # of the P scored steps
    known: Tensor | None  # [B, S] leading features of the query, where the keys have not taken them in


class HistoryAttention(nn.Module):
    """``u = sum_j a_j x_j``, ``a = softmax_j(logit(x_j, q))`` over the real steps of a history.

    * ``mlp``: DIN's network (CLSR eq. 10-12). * ``inner_product``: ``<W x, q>`` (CLSR eq. 32).

    Args:
        kind: One of these.
        size: Width ``D`` of the attended vectors.
        query_size: Width ``S + Q`` of the query.
        hidden_sizes: Hidden layers of ``mlp``.
        see_padding: In training let padding pass through the scoring network too, so that it enters the batch-norm
            statistics, as it does in the authors' code: the padded steps of a history are equal. Its weight is 0 all
            the same.
    """

    def __init__(
        self,
        kind: str,
        size: int,
        query_size: int,
        hidden_sizes: Sequence[int],
        see_padding: bool = False,
    ) -> None:
        super().__init__()
        self.attention: MLPAttention | BilinearAttention
        if kind == "mlp":
            self.attention = MLPAttention(size, query_size, hidden_sizes)
        else:
            self.attention = BilinearAttention(size, query_size)
        self.see_padding = see_padding

    def scored(self, real: Tensor) -> Scored:
        """Which steps of histories pass through the network; attentions over the same ``real [B, T]`` can share it."""
        return Scored.of(real, self.see_padding and self.training)

    def prepare(self, values: Tensor, scored: Scored, known: Tensor | None = None) -> Prepared:
        """Computes all that needs no candidate.

        Args:
            values: ``[B, T, D]``.
            scored: See :meth:`scored`.
            known: ``[B, S]`` leading features of the query that the history determines.
        """
        x = values[scored.row, scored.step]  # [P, D]
        if isinstance(self.attention, BilinearAttention):
            return Prepared(values, scored, self.attention.keys(x), known)
        return Prepared(values, scored, self.attention.keys(x, known, scored.row), None)

    def weights(self, prepared: Prepared, q: Tensor) -> Tensor:
        """Returns ``a [B, C, T]``, 0 on padding unless all is, for queries ``q [B, C, Q]`` or ``[1, C, Q]``."""
        if prepared.known is not None:
            known = prepared.known.unsqueeze(1).expand(-1, q.shape[1], -1)
            q = torch.cat([known, q.expand(len(known), -1, -1)], dim=-1)
        query: Any = self.attention.query(q)
        scored = prepared.scored
        logits = self.attention(prepared.keys, query, scored.row, **self._counts(scored))  # [P, C]
        # Finite: where nothing is real the weights are equal, as in TensorFlow.
        least = torch.finfo(logits.dtype).min
        return scored.spread(logits, least).softmax(dim=1).transpose(1, 2)

    def own_weights(self, values: Tensor, scored: Scored, q: Tensor) -> Tensor:
        """Returns ``a [B, T]``, 0 on padding, where each step is asked with a query of its own, ``q [B, T, Q]``."""
        at = scored.row, scored.step
        query: Any = self.attention.query(q[at])
        logits = self.attention(self.attention.keys(values[at]), query, **self._counts(scored))  # [P]
        return scored.spread(logits, float("-inf")).softmax(dim=1)

    def _counts(self, scored: Scored) -> dict[str, Tensor]:
        if scored.counts is None or isinstance(self.attention, BilinearAttention):
            return {}
        return {"counts": scored.counts}

    def forward(self, prepared: Prepared, q: Tensor) -> tuple[Tensor, Tensor]:
        """Returns ``u [B, C, D]`` and the weights ``a [B, C, T]``."""
        a = self.weights(prepared, q)
        return a @ prepared.values, a
