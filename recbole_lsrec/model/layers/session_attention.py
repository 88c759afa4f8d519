"""``Attention(S)`` of SLSRec eq. 2 and 5: weights for the events of each session, in the four forms it may mean."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.layers.attention import AdditiveAttention, BilinearAttention, MLPAttention, SelfAttentionBlocks
from recbole_lsrec.model.layers.segments import place_in_segment, segment_softmax

KINDS = ("additive", "target_mlp", "self", "bilinear")


class Prepared(NamedTuple):
    """The candidate-independent half of an attention over sessions."""

    values: Tensor  # [P, D] what the weights apply to
    keys: Any
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
        kind: One of ``KINDS``.
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

    def prepare(self, x: Tensor, row: Tensor, session: Tensor, n_rows: int, n_sessions: int) -> Prepared:
        """Computes all that needs no candidate; ``x [P, D]``, ``row`` and ``session`` ``[P]``, events in order."""
        values = x if self.blocks is None else self.blocks(x, row, place_in_segment(row, n_rows), session)
        return Prepared(values, self.attention.keys(values), row, session, n_sessions)

    def weights(self, prepared: Prepared, v: Tensor | None) -> Tensor:
        """Returns the softmax over each session.

        Args:
            prepared: What :meth:`prepare` returned.
            v: ``[B, C, D]`` or ``[1, C, D]`` candidates; not read by ``additive``.

        Returns:
            ``[P, C]``, with ``C`` = 1 for ``additive``.
        """
        query: Any = self.attention.query(v) if self.candidate_dependent else None  # type: ignore[arg-type]
        logits = self.attention(prepared.keys, query, prepared.row)  # [P, C]
        return segment_softmax(logits, prepared.session, prepared.n_sessions)


class WAAM(nn.Module):
    """Aggregation of sessions weighted by the candidate: ``a_i = softmax_i(h_i W v)``, ``u = sum_i a_i h_i`` (7, 8)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.alignment = BilinearAttention(size, size)

    def forward(self, h: Tensor, v: Tensor, absent: Tensor) -> Tensor:
        """Pools sessions, ``[B, C, D]``; 0 for an instance without any. Arguments as in :meth:`weights`."""
        return (self.weights(h, v, absent).transpose(2, 3) @ h).reshape(h.shape[0], -1, h.shape[3])

    def weights(self, h: Tensor, v: Tensor, absent: Tensor) -> Tensor:
        """Weighs sessions.

        Args:
            h: ``[B, C, K, D]`` sessions, or ``[B, 1, K, D]`` if they are the same for all candidates; 0 where absent.
            v: ``[B, C, D]`` or ``[1, C, D]`` candidates.
            absent: ``[B, K]`` bool, no such session.

        Returns:
            ``[B, C, K, 1]``, or ``[B, 1, K, C]`` for common sessions.
        """
        query = self.alignment.query(v)
        if h.shape[1] > 1 or v.shape[1] == 1:
            columns = query.unsqueeze(3)  # [B, C, D, 1], a group of sessions for each candidate
        else:  # all candidates ask the same group; one product if they are the same for all instances
            columns = query[0].t() if len(query) == 1 else query.transpose(1, 2).unsqueeze(1)  # [D, C] or [B, 1, D, C]
        logits = h @ columns  # [B, C, K, 1] or [B, 1, K, C]
        # Finite, not -inf: an instance without sessions gets even weights over zero vectors instead of NaN.
        return F.softmax(logits.masked_fill(absent[:, None, :, None], torch.finfo(logits.dtype).min), dim=2)
