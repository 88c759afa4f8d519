"""``Attention(S)`` of SLSRec eq. 2 and 5: weights for the events of each session, in the four forms it may mean."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from recbole_lsrec.model.layers import asked_pool
from recbole_lsrec.model.layers.attention import AdditiveAttention, BilinearAttention, MLPAttention, SelfAttentionBlocks
from recbole_lsrec.model.layers.precision import full_precision
from recbole_lsrec.model.layers.segments import place_in_segment, segment_softmax


class Prepared(NamedTuple):
    """The candidate-independent half of an attention over sessions."""

    values: Tensor  # [P, D] what the weights apply to
    keys: Any
    counts: Tensor  # [P] how many equal events each stands for
    row: Tensor  # [P] instance of each event
    session: Tensor  # [P] session of each event
    n_sessions: int


class SessionAttention(nn.Module):
    """Attention over the events of each session, unpooled.

    * ``additive``: learned query, the same weights for all candidates. The only kind that depends on the history alone.
    * ``target_mlp``: the candidate asks through an MLP (DIN, LSIDN).
    * ``self``: two blocks of self-attention inside the session, then ``target_mlp`` over their outputs (LSIDN).
    * ``bilinear``: ``x W v``, the form of eq. 7 inside a session.

    Args:
        kind: One of these.
        size: Embedding size ``D``.
        hidden_sizes: Hidden layers of the MLP of ``target_mlp`` and ``self``.
    """

    def __init__(self, kind: str, size: int, hidden_sizes: Sequence[int]) -> None:
        super().__init__()
        self.blocks = SelfAttentionBlocks(size) if kind == "self" else None
        self.attention: AdditiveAttention | BilinearAttention | MLPAttention
        if kind == "additive":
            self.attention = AdditiveAttention(size)
        elif kind == "bilinear":
            self.attention = BilinearAttention(size, size)
        else:
            self.attention = MLPAttention(size, size, hidden_sizes)

    @property
    def candidate_dependent(self) -> bool:
        """Whether weights differ between candidates."""
        return self.attention.candidate_dependent

    def prepare(
        self, x: Tensor, counts: Tensor, row: Tensor, session: Tensor, n_rows: int, n_sessions: int
    ) -> Prepared:
        """Computes all that needs no candidate; ``x [P, D]``, ``counts``, ``row``, ``session`` ``[P]``, events in order."""
        values = x if self.blocks is None else self.blocks(x, counts, row, place_in_segment(row, n_rows), session)
        return Prepared(values, self.attention.keys(values), counts.to(x.dtype), row, session, n_sessions)

    def weights(self, prepared: Prepared, v: Tensor | None) -> Tensor:
        """Returns the softmax over each session.

        Args:
            prepared: What :meth:`prepare` returned.
            v: ``[B, C, D]`` or ``[1, C, D]`` candidates; not read by ``additive``.

        Returns:
            ``[P, C]``, with ``C`` = 1 for ``additive``.
        """
        query: Any = self.attention.query(v) if self.candidate_dependent else None  # type: ignore[arg-type]
        counted = self.training and isinstance(self.attention, MLPAttention)  # in statistics of batch norm
        logits = self.attention(prepared.keys, query, prepared.row, **({"counts": prepared.counts} if counted else {}))
        return segment_softmax(logits, prepared.session, prepared.n_sessions, prepared.counts)  # [P, C]


class WAAM(nn.Module):
    """Aggregation of sessions weighted by the candidate: ``a_i = softmax_i(h_i W v)``, ``u = sum_i a_i h_i`` (7, 8)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.alignment = BilinearAttention(size, size)

    def ask(self, v: Tensor, absent: Tensor, by_candidate: bool) -> tuple[Tensor, Tensor]:
        """What candidates ask sessions with, and which they do not see, for :meth:`forward` and :meth:`weights`.

        Args:
            v: ``[B, C, D]`` or ``[1, C, D]`` candidates.
            absent: ``[B, K]`` bool, no such session.
            by_candidate: Each candidate has sessions of its own, else they are common to all.
        """
        query = self.alignment.query(v).unsqueeze(2 if by_candidate else 1)  # [B, C, 1, D] or [B, 1, C, D]
        # Finite, not -inf: an instance without sessions gets even weights over zero vectors instead of NaN.
        hidden = absent.to(query.dtype) * torch.finfo(query.dtype).min  # [B, K]
        return query, hidden[:, None, None]

    @full_precision
    def forward(self, h: Tensor, query: Tensor, hidden: Tensor) -> Tensor:
        """Pools sessions ``h [B, C or 1, K, D]``, 0 where absent: ``[B, C, D]``; 0 for an instance without any."""
        return asked_pool.pool(query, h, hidden).reshape(h.shape[0], -1, h.shape[3])

    def weights(self, h: Tensor, query: Tensor, hidden: Tensor) -> Tensor:
        """Weighs them: ``[B, C, 1, K]``, or ``[B, 1, C, K]`` for common sessions."""
        return asked_pool.weights(query, h, hidden)
